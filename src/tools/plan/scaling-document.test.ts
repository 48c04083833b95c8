import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runSmsgw } from '../../../test/run-command-line.ts'

const DOCUMENT = join(import.meta.dirname, '../../../docs/scaling.md')
const text = readFileSync(DOCUMENT, 'utf8')
const LISTING = /```console\n\$ smsgw (plan.*)\n([^`]*)```/g
/** Figures of the text that are not the planner's: sizes that were counted, numbers of network standards. */
const OTHER_FIGURES = new Set(['720', '680', '610', '10'])

async function planText(commandLine: string): Promise<string> {
  const { code, stdout } = await runSmsgw(...commandLine.split(' '))
  expect(code).toBe(0)
  return stdout.trimEnd()
}

/** A listing shows the sections that it names, each by the first word of its title; an empty one all but the rates. */
function sectionsShown(listed: string, printed: string): string {
  const sections = printed.split('\n\n')
  const title = (section: string): string => /^[A-Z]{4,}|^.+messages a day/.exec(section)?.[0] ?? ''
  const wanted = new Set([...listed.matchAll(/^[A-Z]{4,}|^.+messages a day/gm)].map(([start]) => start))
  const shown = sections.filter((section) => wanted.has(title(section)))
  return (wanted.size === 0 ? sections.filter((section) => title(section) !== 'RATES') : shown).join('\n\n')
}

/** To write the planner's figures into the document: `npx vitest run --project unit scaling-document -u`. */
test('the listings are what the planner prints', async () => {
  let document = text
  const listings = [...text.matchAll(LISTING)]
  expect(listings.length).toBeGreaterThan(4)
  for (const [whole, commandLine, listed] of listings) {
    const shown = sectionsShown(listed!, await planText(commandLine!))
    document = document.replace(whole, () => `\`\`\`console\n$ smsgw ${commandLine}\n${shown}\n\`\`\``)
  }
  await expect(document).toMatchFileSnapshot(DOCUMENT)
})

test('every figure of the text is one that the planner gave for that load', async () => {
  const strangers: string[] = []
  for (const chapter of text.split(/^## /m).slice(1)) {
    const [title] = chapter.split('\n')
    let printed = ''
    for (const [, commandLine] of chapter.matchAll(LISTING)) printed += await planText(commandLine!)
    const known = new Set([...OTHER_FIGURES, ...figures(printed), ...figures(`${title}\n100 million`)])
    const prose = chapter
      .replace(LISTING, '')
      .replace(/`[^`]*`/g, '')
      .replace(/^\d+\. /gm, '')
    strangers.push(
      ...figures(prose)
        .filter((figure) => !known.has(figure))
        .map((figure) => `${title}: ${figure}`),
    )
  }
  expect(strangers).toEqual([])
})

function figures(of: string): string[] {
  return of.match(/\d[\d,]*(\.\d+)?/g)?.map((figure) => figure.replace(/,$/, '')) ?? []
}
