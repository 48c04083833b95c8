import { expect, test } from 'vitest'
import { wordsForLog } from './review-receipts.ts'

test('a log has the words of a receipt without numbers and without what the message said', () => {
  expect(wordsForLog('source_addr=989121234567 id:78 sub:001 stat:11 err:011 Text:Your code is 12')).toBe(
    'source_addr=… id:78 sub:001 stat:11 err:011 text:…',
  )
  expect(wordsForLog('{"id":"7","state":"SOMEHOW","text":"secret"}')).toBe('{"id":"7","state":"SOMEHOW","text:…')
  expect(wordsForLog('state=11&to=%2B989121234567')).toBe('state=11&to=%2B…')
})
