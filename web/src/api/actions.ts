import { api, ask, type Contact, type Crm } from './client'
import { walk } from './contacts'
import { asBody, type Filter } from './filter'

export type Verb = 'select' | 'unselect' | 'skip' | 'retry'

/** Contacts picked one by one, or all that a filter matches. */
export type Target = { ids: string[] } | { filter: Filter; total: number; isEstimate: boolean }

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

async function actOnIds(verb: Verb, crms: Crm[], ids: string[]): Promise<string> {
  if (verb !== 'retry')
    return (await ask(api.PUT('/api/v3/contacts/crm/select', { body: { contact_ids: ids, crms, action: verb } })))
      .message
  const counts = await Promise.all(
    crms.map((crm) =>
      ask(api.POST('/api/v3/contacts/{crm}/retry', { params: { path: { crm } }, body: { contact_ids: ids } })),
    ),
  )
  return `${counts.reduce((sum, { queued_count }) => sum + queued_count, 0)} will be tried again`
}

async function actOnFilter(verb: 'select' | 'retry', crms: Crm[], filter: Filter): Promise<string> {
  const hasFilter = Object.keys(filter).length > 0
  const messages = []
  // One after the other: each is one large statement in the database.
  for (const crm of crms) {
    const params = { path: { crm } }
    const counts =
      verb === 'select'
        ? await ask(api.POST('/api/v3/contacts/{crm}/sync/filtered', { params, body: asBody(filter) }))
        : await ask(
            api.POST('/api/v3/contacts/{crm}/retry', { params, body: hasFilter ? asBody(filter) : { all: true } }),
          )
    messages.push(counts.message)
  }
  return messages.join('. ')
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
  if (verb === 'select' || verb === 'retry') return actOnFilter(verb, crms, target.filter)
  // Ids first: the action changes what the filter matches.
  const ids: string[] = []
  for await (const rows of walk(target.filter, signal)) ids.push(...rows.map((row) => row.id))
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
