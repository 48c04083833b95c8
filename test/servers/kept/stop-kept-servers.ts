import { stopKeptServers } from './find-kept-servers.ts'

console.log((await stopKeptServers()) ? 'the test servers of this checkout have stopped' : 'no test servers are kept')
