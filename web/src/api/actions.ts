import { count, plural } from '../ui/numbers'
import { api, ask, type Contact, type Crm, crmNames } from './client'
import { walk } from './contacts'
import { asBody, type Filter } from './filter'
import { answering } from './operations'

export type Verb = 'select' | 'unselect' | 'skip' | 'retry'

/** Contacts picked one by one, or all that a filter matches. */
export type Target = { ids: string[] } | Matching

interface Matching {
  filter: Filter
  /** As the person was shown it. */
  total: number
  isEstimate: boolean
}

export interface Progress {
  done: number
  of: number
}

/** As many as the API takes at once. */
const ids_max = 10_000

/** As many as are read one by one at once. */
const at_once = 20

export const sizeOf = (target: Target) => ('ids' in target ? target.ids.length : target.total)

function chunks<T>(all: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
}

const goesOn = 'This takes a while. It goes on by itself, and stands on top of every page until it is done'

/** What came of the steps of an action so far. */
export interface Tally {
  contacts: number
  /** Pairs of contact and CRM. */
  queued: number
}

const past = { select: 'Selected', unselect: 'Unselected', skip: 'Skipped' }

/** "Selected 25,000 contacts for Brevo and n8n, 50,000 queued". */
export function wordsOfTally(verb: Verb, crms: Crm[], { contacts, queued }: Tally): string {
  if (verb === 'retry') return `${plural(queued, 'contact')} will be tried again`
  const names = new Intl.ListFormat('en').format(crms.map((crm) => crmNames[crm]))
  const done = `${past[verb]} ${plural(contacts, 'contact')} for ${names}`
  return queued > 0 ? `${done}, ${count(queued)} queued` : done
}

async function actOnIds(verb: Verb, crms: Crm[], ids: string[]): Promise<Tally> {
  if (verb !== 'retry') {
    const body = { contact_ids: ids, crms, action: verb }
    const answer = await ask(api.PUT('/api/v3/contacts/crm/select', { body }))
    return { contacts: answer.updated_count, queued: answer.queued_count }
  }
  const answers = await Promise.all(
    crms.map((crm) =>
      ask(api.POST('/api/v3/contacts/{crm}/retry', { params: { path: { crm } }, body: { contact_ids: ids } })),
    ),
  )
  const queued = answers.reduce((sum, answer) => sum + ('queued_count' in answer ? answer.queued_count : 0), 0)
  return { contacts: ids.length, queued }
}

async function actOnFilter(verb: Verb, crms: Crm[], { filter, total }: Matching): Promise<string> {
  // Nothing is changed when more are met than the person was shown.
  const body = { ...asBody(filter), expected_count: total }
  if (verb === 'unselect' || verb === 'skip') {
    const call = ask(api.PUT('/api/v3/contacts/crm/select', { body: { ...body, crms, action: verb } }))
    const answer = await answering(verb, crms, call)
    return 'operation_id' in answer
      ? goesOn
      : wordsOfTally(verb, crms, { contacts: answer.updated_count, queued: answer.queued_count })
  }
  const messages = new Set<string>()
  // One after the other: each is a large piece of work for the database.
  for (const crm of crms) {
    const params = { path: { crm } }
    const answer =
      verb === 'select'
        ? await answering('sync', [crm], ask(api.POST('/api/v3/contacts/{crm}/sync/filtered', { params, body })))
        : await answering(
            'retry',
            [crm],
            ask(
              api.POST('/api/v3/contacts/{crm}/retry', {
                params,
                body: isEmpty(filter) ? { all: true, expected_count: total } : body,
              }),
            ),
          )
    const what = verb === 'retry' ? 'will be tried again at' : 'queued for'
    messages.add(
      'operation_id' in answer ? goesOn : `${plural(answer.queued_count, 'contact')} ${what} ${crmNames[crm]}`,
    )
  }
  return [...messages].join('. ')
}

const isEmpty = (filter: Filter) => Object.keys(filter).length === 0

/** Whether the action at one CRM changes whom the filter meets for the next one. */
function isMoved(filter: Filter, crms: Crm[]): boolean {
  return crms.length > 1 && Object.keys(filter).some((name) => crms.some((crm) => name.startsWith(`${crm}_`)))
}

/** What an action does to many contacts in steps can be stopped between them. */
export async function act(
  verb: Verb,
  crms: Crm[],
  target: Target,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<string> {
  if ('ids' in target) {
    const tally: Tally = { contacts: 0, queued: 0 }
    let done = 0
    for (const chunk of chunks(target.ids, ids_max)) {
      signal.throwIfAborted()
      const { contacts, queued } = await actOnIds(verb, crms, chunk)
      tally.contacts += contacts
      tally.queued += queued
      onProgress({ done: (done += chunk.length), of: target.ids.length })
    }
    return wordsOfTally(verb, crms, tally)
  }
  const { filter } = target
  const isOneStep = verb === 'unselect' || verb === 'skip' ? !isEmpty(filter) : !isMoved(filter, crms)
  if (isOneStep) return actOnFilter(verb, crms, target)
  // Ids first: the action changes what the filter matches.
  const ids: string[] = []
  for await (const rows of walk(filter, signal)) ids.push(...rows.map((row) => row.id))
  return act(verb, crms, { ids }, onProgress, signal)
}

async function* rowsOf(target: Target, loaded: Contact[], signal: AbortSignal): AsyncGenerator<Contact[]> {
  if ('filter' in target) return yield* walk(target.filter, signal)
  const wanted = new Set(target.ids)
  const here = loaded.filter((row) => wanted.delete(row.id))
  yield here
  // Those that a list named need not be among the rows that were read.
  for (const ids of chunks([...wanted], at_once)) {
    signal.throwIfAborted()
    yield await Promise.all(
      ids.map((id) => ask(api.GET('/api/v3/contacts/{id}', { params: { path: { id } }, signal }))),
    )
  }
}

/** All columns as CSV, for a spreadsheet: what looks like a formula there begins with an apostrophe. */
export async function exportCsv(
  target: Target,
  loaded: Contact[],
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const { default: papa } = await import('papaparse')
  const parts: string[] = []
  let done = 0
  for await (const rows of rowsOf(target, loaded, signal)) {
    parts.push(papa.unparse(rows, { header: done === 0, escapeFormulae: true, newline: '\r\n' }), '\r\n')
    onProgress({ done: (done += rows.length), of: sizeOf(target) })
  }
  return new Blob(['\ufeff', ...parts], { type: 'text/csv' })
}

export function download(blob: Blob, name: string) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
