import { expect, test } from 'vitest'
import { runSmsgw } from '../../test/run-command-line.ts'

test('a text is shown as it would be divided', async () => {
  const { stdout } = await runSmsgw('segments', '--json', '--smart', `“${'a'.repeat(160)}”`)
  expect(JSON.parse(stdout)).toMatchObject({
    text_changed: true,
    encoding: 'gsm7',
    segments: 2,
    units: 162,
    units_left: 144,
    parts: [{ units: 153 }, { units: 9, text: `${'a'.repeat(8)}"` }],
  })
})

test('what does not fit is said in a line', async () => {
  const refused = await runSmsgw('segments', '--encoding', 'gsm7', 'ş')
  expect(refused).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'The text does not fit gsm7: it has "ş" (U+015F) at 0.\n',
  })
  expect((await runSmsgw('segments', '--languages', 'xx', 'a')).stderr).toContain('"xx" is not one of tr')
})
