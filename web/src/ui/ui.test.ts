import { describe, expect, it } from 'vitest'
import type { Schemas } from '../api/client'
import type { Operation } from '../api/operations'
import { sentenceOf } from './audit_line'
import { causeTitle } from './cause'
import { reasonOf, wordOf } from './health'
import { amount, duration, share } from './numbers'
import { endOf } from './operations'
import { words } from './time'

describe('numbers', () => {
  it('never round up to all', () => expect(share(0.99999)).not.toContain('100'))
  it('say how sure they are', () => {
    expect(amount(12, false)).toBe('12')
    expect([10_000, 10_001, 512_000].map((total) => amount(total, true))).toEqual([
      '10,000 or more',
      '10,000 or more',
      'about 512,000',
    ])
  })
  it('say durations as people do', () => {
    expect([0, 59, 60, 3599, 3600, 3900, 86_400 * 3].map(duration)).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '60 min',
      '1 h',
      '1 h 5 min',
      '3 d',
    ])
    expect([words(0), words(30), words(-300)]).toEqual(['now', '30 s ago', 'in 5 min'])
  })
})

describe('words', () => {
  const entry = (action: string, detail: object) =>
    ({ at: '', actor: 'api:ann', action, count: 2, detail }) as Schemas['AuditEntry']
  it('tell an entry of the audit', () => {
    expect(sentenceOf(entry('select', { crms: ['brevo', 'n8n'] }))).toBe('selected 2 contacts for Brevo, n8n')
    expect(sentenceOf(entry('pause', { crm: 'hubspot' }))).toBe('paused HubSpot')
    expect(sentenceOf(entry('cancel', {}))).toBe('stopped an operation after 2 contacts')
    expect(sentenceOf(entry('suppress', {}))).toBe('put 2 addresses on the suppression list')
    expect(sentenceOf(entry('set_curation', {}))).toBe('set curation 2 contacts')
  })
  it('tell of a retry what it queued, not whom it looked at', () => {
    const retry = { kind: 'retry', crms: ['brevo'], state: 'done', done: 9, counts: { queued_count: 2 } }
    expect(endOf(retry as unknown as Operation)).toBe('Trying again at Brevo is done: 2 contacts')
  })
  it('tell a cause', () => {
    const cause = {
      crm: 'brevo',
      cause: 'duplicate_sms',
      count: 1,
      example: '',
      suggestion: '',
    } as Schemas['FailureCause']
    expect(causeTitle(cause)).toBe('Duplicate sms')
    expect(causeTitle({ ...cause, cause: '' })).toBe('Other reasons')
    expect(causeTitle({ ...cause, title: 'phone in use' })).toBe('Phone in use')
  })
  it('tell why a connector does not work', () => {
    const health = {
      status: 'down',
      state: 'circuit open',
      reason: '',
      paused: false,
      problems: [],
      breaker: { open: true, reason: 'Brevo API error: 503', next_probe_at: '2026-11-20T12:39:56.000000Z' },
    } as unknown as Schemas['CrmHealth']
    expect(wordOf(health)).toBe('Not reachable')
    expect(reasonOf(health)).toBe('Brevo API error: 503. Next try at 12:39:56 UTC')
  })
})
