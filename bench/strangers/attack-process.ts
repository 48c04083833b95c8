import { setPriority } from 'node:os'
import { answerTask } from '../clients/forked-task.ts'
import { attackApi } from './attack.ts'

// An attacker works on a machine of its own: here it gets what the gateway leaves.
setPriority(10)

answerTask(attackApi)
