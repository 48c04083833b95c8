import { expect, test } from 'vitest'
import { showProgress } from './show-progress.ts'

/** What is shown of two steps with 92 counts between them, 200 ms apart, with the colours taken out. */
function shown(isTTY: boolean): string {
  let text = ''
  let nowMs = 0
  const write = (more: string): void => {
    text += more
  }
  const progress = showProgress(0, { isTTY, write, nowMs: () => nowMs })
  progress('kafka', 'fetching')
  for (let file = 1; file <= 92; file++) {
    nowMs += 200
    progress('kafka', `${file} of 92 files`, 'count')
  }
  progress('kafka', 'starting')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are
  return text.replace(/\x1b\[[0-9;]*m/g, '')
}

test('at a terminal a count is one line, written over', () => {
  const lines = shown(true).split('\n')
  expect(lines).toHaveLength(4)
  const drawn = lines[1]!.split('\r\x1b[K')
  expect(drawn).toHaveLength(93)
  expect(drawn.at(-1)).toContain('92 of 92 files')
  expect(lines[2]).toContain('starting')
})

test('elsewhere a count is a line every five seconds, and the last one', () => {
  const lines = shown(false).split('\n')
  expect(lines.map((line) => line.replace(/^.*kafka +/, ''))).toEqual([
    'fetching',
    '1 of 92 files',
    '26 of 92 files',
    '51 of 92 files',
    '76 of 92 files',
    '92 of 92 files',
    'starting',
    '',
  ])
})
