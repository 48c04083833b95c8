import { expect, onTestFinished, test, vi } from 'vitest'
import { answerSupervisor } from './answer-supervisor.ts'

test('a health or metrics answer that fails is logged, and the process answers the next request', async () => {
  const before = process.listeners('message')
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const sent: unknown[] = []
  const send = (answer: unknown, done: () => void): void => {
    sent.push(answer)
    done()
  }
  vi.stubGlobal('process', Object.assign(Object.create(process), { send, connected: true }))
  onTestFinished(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })
  const broken = (): Promise<never> => Promise.reject(new Error('no disk'))
  answerSupervisor({ report: broken }, broken, () => {})
  const [answer] = process.listeners('message').filter((each) => !before.includes(each))
  // This process has messages of its own, from the test runner.
  process.off('message', answer!)
  for (const [id, kind] of ['health', 'metrics', 'alive'].entries()) answer!({ kind, id }, undefined)
  // A rejection that is not handled would fail this run, as it would end the process.
  await vi.waitFor(() => expect(logged).toHaveBeenCalledTimes(2))
  expect(logged.mock.calls.map(([error]) => (error as Error).message)).toEqual(['no disk', 'no disk'])
  expect(sent).toEqual([{ kind: 'alive', id: 2 }])
})
