import { type Crm, crms, type Schemas } from './client'

/** How many contacts had arrived at each CRM at one moment. */
export interface Reading {
  at: number
  complete: Record<Crm, number>
}

const window_ms = 15_000

let readings: readonly Reading[] = []

/** Every answer about the counts is kept for a while: what they grow by is the speed. */
export function remember(summary: Schemas['Summary'], at: number) {
  const complete = Object.fromEntries(crms.map((crm) => [crm, summary[crm].complete])) as Record<Crm, number>
  readings = [...readings.filter((reading) => at - reading.at <= window_ms), { at, complete }]
}

/** Of the last moments. */
export function allReadings(): readonly Reading[] {
  return readings
}

/** Contacts per second over the last moments; null while there is too little to say. */
export function rateOf(all: readonly Reading[], crm: Crm): number | null {
  const last = all.at(-1)
  const first = all.find((reading) => last && last.at - reading.at <= window_ms)
  if (!first || !last || last.at - first.at < 1_000) return null
  return Math.max(0, (last.complete[crm] - first.complete[crm]) / ((last.at - first.at) / 1000))
}

/** Seconds until that many are sent at that speed; null when it cannot be said. */
export function secondsLeft(waiting: number, rate: number | null): number | null {
  return waiting > 0 && rate !== null && rate > 0.01 ? waiting / rate : null
}
