import { type InfiniteData, type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { Crm, Schemas } from './client'
import type { ContactPage } from './contacts'
import { type Operation, showOperation } from './operations'
import { standingOfState, withStanding } from './status'

/** One change, as the program tells it. */
export interface JobEvent {
  contact_id: string
  crm: Crm
  state: Schemas['JobState']
  outcome: string
  error: string | null
  at: string
}

export interface Connection {
  state: 'connecting' | 'live' | 'lost'
  since: number
}

let connection: Connection = { state: 'connecting', since: Date.now() }
const listeners = new Set<() => void>()

function setConnection(state: Connection['state']) {
  if (state === connection.state) return
  connection = { state, since: Date.now() }
  for (const listener of listeners) listener()
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => connection,
  )
}

/** What came in one moment is shown at once, or a drain of thousands a second would draw thousands of times. */
const moment_ms = 400

/** The newest event of each pair: what came before it is out of date. */
export function newest(events: JobEvent[]): Map<string, JobEvent[]> {
  const pairs = new Map(events.map((event) => [`${event.contact_id} ${event.crm}`, event]))
  return Map.groupBy(pairs.values(), (event) => event.contact_id)
}

export function patched(page: ContactPage, changes: Map<string, JobEvent[]>): ContactPage {
  if (!page.rows.some((row) => changes.has(row.id))) return page
  const rows = page.rows.map((row) =>
    (changes.get(row.id) ?? []).reduce(
      (contact, { crm, state, error }) => withStanding(contact, crm, standingOfState(state), error),
      row,
    ),
  )
  return { ...page, rows }
}

function show(client: QueryClient, events: JobEvent[]) {
  const changes = newest(events)
  client.setQueriesData<InfiniteData<ContactPage>>({ queryKey: ['contacts'] }, (data) =>
    data ? { ...data, pages: data.pages.map((page) => patched(page, changes)) } : data,
  )
  for (const id of changes.keys()) void client.invalidateQueries({ queryKey: ['contact', id] })
  refreshStatus(client)
}

/** Counts and connectors alone: cheap to ask, whatever has happened. */
export function refreshStatus(client: QueryClient) {
  for (const name of ['summary', 'health', 'failures', 'verification'])
    void client.invalidateQueries({ queryKey: [name] }, { cancelRefetch: false })
}

/** After something was done here, or was missed: all that is shown is asked for again. */
export function refreshAll(client: QueryClient) {
  void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
}

/** An edit is seen as a difference from what CRMs hold a moment after it is made. */
const absorbed_ms = 2_000

/** After a contact was edited: what is shown now, and what the engine makes of it. */
export function refreshAfterEdit(client: QueryClient) {
  refreshAll(client)
  setTimeout(() => refreshAll(client), absorbed_ms)
}

/** How long after an answer that was none (a proxy's, say) the browser would not ask again by itself, but we do. */
const again_ms = 3_000

/** Shows the program's changes as they happen, until it is ended. */
function follow(client: QueryClient): () => void {
  let source: EventSource
  let again: ReturnType<typeof setTimeout> | undefined
  let showing: ReturnType<typeof setTimeout> | undefined
  let waiting: JobEvent[] = []
  let missed = false
  const flush = () => {
    showing = undefined
    const events = waiting
    waiting = []
    show(client, events)
  }
  const connect = () => {
    source = new EventSource('/api/v3/crm/events')
    source.onopen = () => {
      if (missed) refreshAll(client)
      missed = false
      setConnection('live')
    }
    source.onerror = () => {
      missed = true
      setConnection('lost')
      if (source.readyState === EventSource.CLOSED) again = setTimeout(connect, again_ms)
    }
    source.addEventListener('job', (message) => {
      waiting.push(JSON.parse(message.data) as JobEvent)
      showing ??= setTimeout(flush, moment_ms)
    })
    source.addEventListener('operation', (message) =>
      showOperation(client, JSON.parse(message.data as string) as Operation),
    )
    source.addEventListener('connector', () => refreshStatus(client))
    source.addEventListener('lagged', () => refreshAll(client))
  }
  connect()
  return () => {
    source.close()
    clearTimeout(again)
    clearTimeout(showing)
    setConnection('connecting')
  }
}

/** Follows the program's changes while somebody is signed in. */
export function useLive() {
  const client = useQueryClient()
  useEffect(() => follow(client), [client])
}
