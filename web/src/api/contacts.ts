import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { api, ask, askWhole, type Contact } from './client'
import type { ContactQuery, Filter, Sort } from './filter'

export interface ContactPage {
  rows: Contact[]
  total: number
  isEstimate: boolean
  next: string | null
}

const page_size = 200

export async function readPage(query: ContactQuery, signal?: AbortSignal): Promise<ContactPage> {
  const { data, headers } = await askWhole(api.GET('/api/v3/contacts', { params: { query }, signal }))
  return {
    rows: data,
    total: Number(headers.get('X-Total-Count')),
    isEstimate: headers.get('X-Total-Is-Estimate') === 'true',
    next: headers.get('X-Next-Cursor'),
  }
}

export function useContacts(filter: Filter, sort: Sort) {
  return useInfiniteQuery({
    queryKey: ['contacts', filter, sort],
    queryFn: ({ pageParam, signal }) =>
      readPage({ ...filter, sort, limit: page_size, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    // Comparing all pages that were read with each other takes longer than drawing one.
    structuralSharing: false,
    // Changes come by events; a list of many pages is not asked for again without a reason.
    staleTime: 60_000,
  })
}

export function useContact(id: string) {
  return useQuery({
    queryKey: ['contact', id],
    queryFn: ({ signal }) => ask(api.GET('/api/v3/contacts/{id}', { params: { path: { id } }, signal })),
  })
}

export function useContactJobs(id: string) {
  return useQuery({
    queryKey: ['contact', id, 'crm'],
    queryFn: ({ signal }) => ask(api.GET('/api/v3/contacts/{id}/crm', { params: { path: { id } }, signal })),
  })
}

/** Walks through everything that matches. */
export async function* walk(filter: Filter, signal: AbortSignal): AsyncGenerator<Contact[]> {
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: ContactPage = await readPage(
      { ...filter, sort: 'created_at', limit: 1000, ...(cursor ? { cursor } : {}) },
      signal,
    )
    yield page.rows
    cursor = page.next
  }
}
