import type { Schemas } from '../api/client'
import classes from './ui.module.css'
import { hover } from './time'

const tones: Record<Schemas['CrmHealth']['status'], string> = { ok: 'ok', degraded: 'warn', down: 'bad', off: 'off' }

const words: Partial<Record<Schemas['CrmHealth']['state'], string>> = {
  stale: 'Stuck',
  'circuit open': 'Not reachable',
  unauthorized: 'Key refused',
  braked: 'Paused itself',
  'not configured': 'Not set up',
}

export function wordOf(health: Schemas['CrmHealth']): string {
  if (health.state === 'degraded' && health.problems.length > 0) return 'Needs set-up'
  return words[health.state] ?? health.state.charAt(0).toUpperCase() + health.state.slice(1)
}

export function HealthSign({ health }: { health: Schemas['CrmHealth'] }) {
  return (
    <span className={classes.chip} data-tone={tones[health.status]} data-state={health.state}>
      ●<span>{wordOf(health)}</span>
    </span>
  )
}

/** Why a connector is not simply healthy, in words; empty when it is. */
export function reasonOf(health: Schemas['CrmHealth']): string {
  if (health.state === 'degraded' && health.problems.length > 1)
    return `${health.problems.length} mapped fields are missing at the CRM`
  if (health.reason) return health.reason
  if (health.paused) return `Paused by ${health.paused_by.replace(/^(api|cli):/, '')}`
  if (health.breaker.open) {
    const next = health.breaker.next_probe_at
    return `${health.breaker.reason}${next ? `. Next try at ${hover(next).slice(-12, -4)} UTC` : ''}`
  }
  if (health.state === 'throttled' && health.throttled_until)
    return `The CRM asked to wait until ${health.throttled_until.slice(11, 19)} UTC`
  return health.problems[0] ?? ''
}
