import { type InfiniteData, type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { Crm, Schemas } from './client'
import type { ContactPage } from './contacts'
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

export type Connection = 'connecting' | 'live' | 'lost'

let connection: Connection = 'connecting'
const listeners = new Set<() => void>()

function setConnection(next: Connection) {
  connection = next
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

/** Follows the program's changes while somebody is signed in. */
export function useLive() {
  const client = useQueryClient()
  useEffect(() => {
    const source = new EventSource('/api/v3/crm/events')
    let waiting: JobEvent[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    let missed = false
    const flush = () => {
      timer = undefined
      const events = waiting
      waiting = []
      show(client, events)
    }
    source.onopen = () => {
      if (missed) refreshAll(client)
      missed = false
      setConnection('live')
    }
    source.onerror = () => {
      missed = true
      setConnection('lost')
    }
    source.addEventListener('job', (message) => {
      waiting.push(JSON.parse(message.data) as JobEvent)
      timer ??= setTimeout(flush, moment_ms)
    })
    source.addEventListener('connector', () => refreshStatus(client))
    source.addEventListener('lagged', () => refreshAll(client))
    return () => {
      source.close()
      clearTimeout(timer)
      setConnection('connecting')
    }
  }, [client])
}
