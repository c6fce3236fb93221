import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import type { paths } from '~schema'
import type { Schemas } from './client'
import { crms } from './client'

export type ContactQuery = NonNullable<paths['/api/v3/contacts']['get']['parameters']['query']>
export type Filter = Omit<ContactQuery, 'limit' | 'offset' | 'cursor' | 'sort'>
export type Sort = NonNullable<ContactQuery['sort']>

const texts = ['search', 'email_contains', 'name_contains', 'email_type', 'domain_id', 'page_id'] as const
const sorts: readonly string[] = ['created_at', 'updated_at', 'email', 'name'].flatMap((name) => [name, `-${name}`])

/** The view that a URL describes. What it does not know it leaves out: an old link must not be an error. */
export function filterOf(parameters: URLSearchParams): Filter {
  const filter: Record<string, string | boolean> = {}
  const flag = (name: string) => {
    const value = parameters.get(name)
    if (value === 'true' || value === 'false') filter[name] = value === 'true'
  }
  for (const crm of crms) {
    for (const kind of ['sync', 'processing']) {
      const value = parameters.get(`${crm}_${kind}_status`)
      if (value) filter[`${crm}_${kind}_status`] = value
    }
    flag(`${crm}_changed_since_sync`)
  }
  for (const name of texts) {
    const value = parameters.get(name)?.trim()
    if (value) filter[name] = value
  }
  flag('has_gmail')
  return filter as Filter
}

export function sortOf(parameters: URLSearchParams): Sort {
  const sort = parameters.get('sort') ?? ''
  return (sorts.includes(sort) ? sort : '-created_at') as Sort
}

/** The same view with some of its parts changed; an empty value takes a part away. */
export function changed(parameters: URLSearchParams, changes: Record<string, string>): URLSearchParams {
  const next = new URLSearchParams(parameters)
  for (const [name, value] of Object.entries(changes))
    if (value) next.set(name, value)
    else next.delete(name)
  return next
}

/** As the body of an action takes it. */
export function asBody(filter: Filter): Schemas['FilteredSyncRequest'] {
  return filter as Schemas['FilteredSyncRequest']
}

/** What the list shows is in the page's address: the filter and the order, and how to change them. */
export function useView() {
  const [parameters, setParameters] = useSearchParams()
  const view = parameters.toString()
  const filter = useMemo(() => filterOf(new URLSearchParams(view)), [view])
  const change = useCallback(
    (changes: Record<string, string>) => setParameters((now) => changed(now, changes), { replace: true }),
    [setParameters],
  )
  const clear = useCallback(() => setParameters({}, { replace: true }), [setParameters])
  return { parameters, view, filter, sort: sortOf(parameters), change, clear }
}
