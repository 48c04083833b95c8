import type { Log } from '../../../runtime/log.ts'
import type { Metrics } from '../../../runtime/metrics.ts'
import { describeStatus } from '../../../smpp/command-status.ts'
import { needsPeople } from './reconnect-delay.ts'
import type { SmppObserver } from './smpp-observer.ts'

/** Logs what happens to the binds of an operator and counts what they do. */
export function observeSmpp(log: Log, metrics: Metrics, operator: string): SmppObserver {
  const labels = ['operator'] as const
  const ends = metrics.counter('smsgw_smpp_connections_ended_total', 'Connections to SMSCs that ended', [
    'operator',
    'cause',
  ])
  const pdus = metrics.counter('smsgw_smpp_pdus_total', 'PDUs to and from SMSCs', ['operator', 'direction'])
  const answers = metrics.counter('smsgw_smpp_answers_total', 'Answers to submits', ['operator', 'status'])
  const response = metrics.histogram('smsgw_smpp_response_seconds', 'From a submit to the answer of the SMSC', labels)
  const deliveries = metrics.counter('smsgw_smpp_deliveries_total', 'deliver_sm and data_sm PDUs from SMSCs', [
    'operator',
    'kind',
  ])
  const oddities = metrics.counter('smsgw_smpp_oddities_total', 'PDUs out of the ordinary', ['operator', 'oddity'])
  const binds = metrics.gaugeSet('smsgw_smpp_binds', 'Binds configured', labels)
  const bound = metrics.gaugeSet('smsgw_smpp_binds_bound', 'Binds bound', labels)
  const inWindow = metrics.gaugeSet('smsgw_smpp_window_used', 'Submits that await the answer of the SMSC', labels)
  const waiting = metrics.gaugeSet('smsgw_smpp_submits_waiting', 'Submits waiting for room in a window', labels)
  return {
    bound: (bind, address) => log.info({ operator, bind, address }, 'bound'),
    ended(bind, address, end, retryMs) {
      const { cause, detail, status } = end
      ends.inc({ operator, cause })
      const about = {
        operator,
        bind,
        address,
        cause,
        detail,
        ...(status === 0 ? {} : { status: describeStatus(status) }),
      }
      const retryInMs = retryMs === null ? null : Math.round(retryMs)
      if (needsPeople(end)) {
        log.error({ ...about, retryInMs }, 'SMSC refused the bind; check the account settings')
      } else if (retryInMs === null) log.info(about, 'unbound')
      else log.warn({ ...about, retryInMs }, 'SMSC connection closed; reconnecting')
    },
    pdus: (direction, count) => pdus.inc({ operator, direction }, count),
    answered(status, seconds) {
      response.observe({ operator }, seconds)
      // Vendors have codes without end, which must not become as many series.
      answers.inc({ operator, status: status.startsWith('ESME_') ? status : 'other' })
    },
    delivered: (kind) => deliveries.inc({ operator, kind }),
    noted(bind, oddity, detail) {
      oddities.inc({ operator, oddity })
      log.debug({ operator, bind, oddity, detail }, 'protocol oddity from SMSC')
    },
    measured(measures) {
      binds.set({ operator }, measures.binds)
      bound.set({ operator }, measures.bound)
      inWindow.set({ operator }, measures.inWindow)
      waiting.set({ operator }, measures.waiting)
    },
    closed() {
      for (const gauge of [binds, bound, inWindow, waiting]) gauge.remove({ operator })
    },
  }
}
