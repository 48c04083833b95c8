import type { CampaignMessage } from '../../src/cli/campaign/read-campaign.ts'
import type { CampaignSender, RowResult } from '../../src/cli/campaign/send-campaign.ts'

/** Sends messages as the rows of a campaign. Returns the ids of what was accepted in the order of the messages, and the refusals. */
export async function sendMessages(sender: CampaignSender, messages: readonly CampaignMessage[]) {
  const rows = messages.map((message, index) => ({ index, line: index + 2, fields: {}, message, fault: null }))
  const results: RowResult[] = []
  await sender.send(rows, ({ index }, result) => {
    results[index] = result
  })
  return {
    smsIds: results.flatMap((result) => (result.kind === 'accepted' ? result.smsId : [])),
    refusals: results.filter((result) => result.kind === 'refused'),
  }
}
