import type { Progress } from '../../src/embedded/progress.ts'

export const silent: Progress = () => {}
