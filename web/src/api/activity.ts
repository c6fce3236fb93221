import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, ask, type Crm, crms, type Schemas } from './client'

export type Activity = Schemas['Activity']
export type Bucket = Schemas['ActivityBucket']
export type Range = Activity['range']

/** Older buckets do not change any more, so a long range need not be asked for often. */
const poll_ms: Record<Range, number> = { '1h': 5_000, '24h': 60_000, '7d': 60_000 }

export function useActivity(range: Range) {
  return useQuery({
    queryKey: ['activity', range],
    queryFn: ({ signal }) => ask(api.GET('/api/v3/crm/activity', { params: { query: { range } }, signal })),
    refetchInterval: poll_ms[range],
    placeholderData: keepPreviousData,
  })
}

/** Contacts that arrived at each CRM in the bucket that began at that moment. */
export type Arrived = { at: number } & Record<Crm, number>

export function arrivals({ crms: all }: Activity): Arrived[] {
  const buckets = (crm: Crm) => all[crm]?.buckets ?? []
  return buckets('brevo').map(({ at }, index) => ({
    at: Date.parse(at),
    ...(Object.fromEntries(crms.map((crm) => [crm, buckets(crm)[index]?.completed ?? 0])) as Record<Crm, number>),
  }))
}

/** Attempts of a bucket that did not end well: refused, or to be tried again. */
export const errorsOf = ({ failed, retried }: Bucket) => failed + retried
