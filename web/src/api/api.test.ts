import { describe, expect, it } from 'vitest'
import { type Activity, arrivals, errorsOf } from './activity'
import { type Contact, detailOf } from './client'
import { changed, filterOf, sortOf } from './filter'
import { guess, mapParameter } from './import'
import { newest, patched, type JobEvent } from './live'
import { addressesIn } from './lookup'
import { wordsOfTally } from './actions'
import { rateOf, secondsLeft } from './pace'
import { type Counts, shareInSync } from './queries'
import { outcomesOf, secondsFor } from './rehearse'
import { type Standing, standingOf, withStanding } from './status'

const contact = { id: 'a', brevo_sync_status: 'New', brevo_processing_status: null } as Contact

describe('status', () => {
  it('reads the published pair, and writes the one that it reads', () => {
    for (const standing of [
      'none',
      'queued',
      'sending',
      'retrying',
      'complete',
      'changed',
      'failed',
      'skipped',
    ] as Standing[])
      expect(standingOf(withStanding(contact, 'brevo', standing, 'why'), 'brevo')).toBe(standing)
  })
  it('keeps the reason of what failed alone', () => {
    expect(withStanding(contact, 'brevo', 'failed', 'why').brevo_processing_error).toBe('why')
    expect(withStanding(contact, 'brevo', 'complete', 'why').brevo_processing_error).toBeNull()
  })
})

describe('live', () => {
  const event = (id: string, state: JobEvent['state']): JobEvent => ({
    contact_id: id,
    crm: 'brevo',
    state,
    outcome: '',
    error: null,
    at: '',
  })
  it('shows the newest of several changes', () => {
    const changes = newest([event('a', 'running'), event('b', 'failed'), event('a', 'completed')])
    const page = patched({ rows: [contact], total: 1, isEstimate: false, next: null }, changes)
    expect(page.rows.map((row) => standingOf(row, 'brevo'))).toEqual(['complete'])
  })
  it('leaves a page alone that nothing happened to', () => {
    const page = { rows: [contact], total: 1, isEstimate: false, next: null }
    expect(patched(page, newest([event('b', 'failed')]))).toBe(page)
  })
})

describe('filter', () => {
  it('reads a link, and leaves out what it does not know', () => {
    const link = new URLSearchParams(
      'brevo_sync_status=Error&has_gmail=maybe&email_contains=%20ann%20&zoho=1&sort=size',
    )
    expect(filterOf(link)).toEqual({ brevo_sync_status: 'Error', email_contains: 'ann' })
    expect(sortOf(link)).toBe('-created_at')
  })
  it('changes parts of a view and keeps the others', () => {
    const view = changed(new URLSearchParams('sort=name&email_contains=a'), { email_contains: '', name_contains: 'b' })
    expect(view.toString()).toBe('sort=name&name_contains=b')
  })
})

describe('pace', () => {
  const reading = (at: number, complete: number) => ({
    at,
    complete: { brevo: complete, hubspot: 0, mautic: 0, n8n: 0 },
  })
  it('is what the counts grow by', () => {
    expect(rateOf([reading(0, 0), reading(5_000, 50)], 'brevo')).toBe(10)
    expect(rateOf([reading(0, 0)], 'brevo')).toBeNull()
  })
  it('is never negative, and forgets what is long ago', () => {
    expect(rateOf([reading(0, 100), reading(5_000, 50)], 'brevo')).toBe(0)
    expect(rateOf([reading(0, 0), reading(60_000, 600), reading(65_000, 600)], 'brevo')).toBe(0)
  })
  it('says how long the rest takes, unless it cannot', () => {
    expect(secondsLeft(100, 10)).toBe(10)
    expect(secondsLeft(100, 0)).toBeNull()
    expect(secondsLeft(0, 10)).toBeNull()
  })
})

describe('activity', () => {
  const bucket = { at: '2026-11-20T12:00:00Z', completed: 3, failed: 1, retried: 2, throttled: 5, calls: 6 }
  const nobody = { count: 0, p50_ms: null, p99_ms: null, max_ms: null }
  it('is one row a bucket, whichever CRMs it is of', () => {
    const activity: Activity = {
      range: '1h',
      bucket_seconds: 60,
      from: bucket.at,
      to: bucket.at,
      crms: { brevo: { buckets: [bucket], selected_to_acknowledged: nobody } },
      selected_to_acknowledged: nobody,
    }
    expect(arrivals(activity)).toEqual([{ at: Date.parse(bucket.at), brevo: 3, hubspot: 0, mautic: 0, n8n: 0 }])
  })
  it('counts no wait for a limit as an error', () => expect(errorsOf(bucket)).toBe(3))
})

describe('a pasted list', () => {
  it('is read however mail programs and spreadsheets write it', () => {
    expect(addressesIn('a@x.io, "Bob B" <b@x.io>;\tmailto:c@x.io\n  Dan D d@x.io (e@x.io)\r\n')).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@x.io`),
    )
  })
  it('keeps what is no address, to be told of', () =>
    expect(addressesIn('a@x.io\nJohn Doe\n\n')).toEqual(['a@x.io', 'John Doe']))
})

describe('counts', () => {
  const counts: Counts = { new: 100, selected: 0, queued: 1, processing: 0, complete: 8, error: 1, skipped: 5 }
  it('are in sync by what is wanted, not by what there is', () => {
    expect(shareInSync(counts)).toBe(0.8)
    expect(shareInSync({ ...counts, queued: 0, complete: 0, error: 0 })).toBeNull()
  })
})

describe('import', () => {
  it('finds columns by their usual names', () => {
    expect(guess(['E-Mail', 'Full name', 'City', 'phone_number'])).toEqual({
      email: 'E-Mail',
      name: 'Full name',
      phone_number: 'phone_number',
    })
  })
  it('names every field, so that nothing is taken that was not shown', () => {
    const map = mapParameter({ email: 'the "mail"' })
    expect(map.startsWith('email="the ""mail""",name=,')).toBe(true)
  })
})

describe('rehearsal', () => {
  it('takes as long as the tightest limit makes it', () => {
    const budget = [
      { window: 'second', limit: 10, left: 10 },
      { window: 'hour', limit: 1800, left: 0 },
    ]
    expect(secondsFor(3600, budget)).toBe(7200)
    expect(secondsFor(3600, [])).toBeNull()
  })
  it('counts refusals by reason, the most frequent first', () => {
    const refused = (reason: string) => ({
      contact_id: 'a',
      would_send: false,
      payload: null,
      warnings: [],
      refusal: { field: 'email', code: 'x', reason },
    })
    const { sent, refusals } = outcomesOf([refused('b'), refused('a'), refused('a')])
    expect(sent).toBe(0)
    expect(refusals).toEqual([
      ['email: a', 2],
      ['email: b', 1],
    ])
  })
})

describe('errors', () => {
  it('are sentences, also when they are lists', () => {
    expect(detailOf({ detail: 'No' })).toBe('No')
    expect(
      detailOf({
        detail: [
          { field: 'limit', reason: 'too large' },
          { field: '', reason: 'odd' },
        ],
      }),
    ).toBe('limit: too large; odd')
    expect(detailOf('<html>')).toBeUndefined()
  })
})

describe('an action', () => {
  it('tells what came of all its steps', () => {
    const tally = { contacts: 25_000, queued: 50_000 }
    expect(wordsOfTally('select', ['brevo', 'n8n'], tally)).toBe(
      'Selected 25,000 contacts for Brevo and n8n, 50,000 queued',
    )
    expect(wordsOfTally('skip', ['brevo'], { contacts: 1, queued: 0 })).toBe('Skipped 1 contact for Brevo')
    expect(wordsOfTally('retry', ['brevo'], tally)).toBe('50,000 contacts will be tried again')
  })
})
