import { expect, test } from 'vitest'
import { nameCharacter } from './name-character.ts'

test.each([
  ['é', '"é" (U+00E9)'],
  ['7', '"7" (U+0037)'],
  ['،', '"،" (U+060C)'],
  ['€', '"€" (U+20AC)'],
  ['👋', '"👋" (U+1F44B)'],
  ['\0', '(U+0000)'],
  ['\u200c', '(U+200C)'],
  [' ', '(U+0020)'],
  ['\u0301', '(U+0301)'],
  ['\ud800', '(U+D800)'],
])('%j is named %s', (character, name) => {
  expect(nameCharacter(character)).toBe(name)
})
