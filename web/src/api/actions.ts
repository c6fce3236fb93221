import { api, ask, type Contact, type Crm } from './client'
import { walk } from './contacts'
import { asBody, type Filter } from './filter'

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

/** The two answers of an action: what came of it, or that it goes on as an operation. */
type Acted = { message: string; operation_id?: string }

const wordsOf = ({ message, operation_id }: Acted) =>
  operation_id ? 'This takes a while. It goes on by itself, and stands on top of every page until it is done' : message

async function actOnIds(verb: Verb, crms: Crm[], ids: string[]): Promise<string> {
  if (verb !== 'retry')
    return (await ask(api.PUT('/api/v3/contacts/crm/select', { body: { contact_ids: ids, crms, action: verb } })))
      .message
  const answers = await Promise.all(
    crms.map((crm) =>
      ask(api.POST('/api/v3/contacts/{crm}/retry', { params: { path: { crm } }, body: { contact_ids: ids } })),
    ),
  )
  const queued = answers.reduce((sum, answer) => sum + ('queued_count' in answer ? answer.queued_count : 0), 0)
  return `${queued} will be tried again`
}

async function actOnFilter(verb: Verb, crms: Crm[], { filter, total }: Matching): Promise<string> {
  // Nothing is changed when more are met than the person was shown.
  const body = { ...asBody(filter), expected_count: total }
  if (verb === 'unselect' || verb === 'skip')
    return wordsOf(await ask(api.PUT('/api/v3/contacts/crm/select', { body: { ...body, crms, action: verb } })))
  const messages = new Set<string>()
  // One after the other: each is a large piece of work for the database.
  for (const crm of crms) {
    const params = { path: { crm } }
    const answer: Acted =
      verb === 'select'
        ? await ask(api.POST('/api/v3/contacts/{crm}/sync/filtered', { params, body }))
        : await ask(
            api.POST('/api/v3/contacts/{crm}/retry', {
              params,
              body: isEmpty(filter) ? { all: true, expected_count: total } : body,
            }),
          )
    messages.add(wordsOf(answer))
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
    let message = ''
    let done = 0
    for (const chunk of chunks(target.ids, ids_max)) {
      signal.throwIfAborted()
      message = await actOnIds(verb, crms, chunk)
      onProgress({ done: (done += chunk.length), of: target.ids.length })
    }
    return message
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
