import { useQuery } from '@tanstack/react-query'
import { api, ask, type Crm, crms, type Schemas } from './client'
import { remember } from './pace'

/** Other machines' workers tell their changes to the database alone, so counts are asked for as well. */
const poll_ms = 5_000

export function useSummary() {
  return useQuery({
    queryKey: ['summary'],
    queryFn: async ({ signal }) => {
      const summary = await ask(api.GET('/api/v3/crm/status/summary', { signal }))
      remember(summary, Date.now())
      return summary
    },
    refetchInterval: poll_ms,
  })
}

export function useHealth() {
  return useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => ask(api.GET('/api/v3/crm/health', { signal })),
    refetchInterval: poll_ms,
  })
}

export function useFailures(withDismissed: boolean) {
  return useQuery({
    queryKey: ['failures', withDismissed],
    queryFn: async ({ signal }) =>
      (await ask(
        api.GET('/api/v3/crm/status/failed', {
          params: { query: { group_by: 'cause', with_dismissed: withDismissed } },
          signal,
        }),
      )) as Schemas['FailureCause'][],
    refetchInterval: poll_ms * 2,
  })
}

export function useVerification(crm: Crm) {
  return useQuery({
    queryKey: ['verification', crm],
    queryFn: ({ signal }) => ask(api.GET('/api/v3/crm/{crm}/verification', { params: { path: { crm } }, signal })),
    refetchInterval: (query) => (query.state.data?.running ? 1_000 : poll_ms * 2),
  })
}

export type Counts = Record<'new' | 'selected' | 'queued' | 'processing' | 'complete' | 'error' | 'skipped', number>

/** The counts of all CRMs together. */
export function sumOf(summary: Schemas['Summary']): Counts {
  const sum: Counts = { new: 0, selected: 0, queued: 0, processing: 0, complete: 0, error: 0, skipped: 0 }
  for (const crm of crms) for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += summary[crm][name]
  return sum
}

/** How much of what is wanted at the CRMs has arrived there, 0 to 1; null when nothing is wanted. */
export function shareInSync(counts: Counts): number | null {
  const wanted = counts.selected + counts.queued + counts.processing + counts.complete + counts.error
  return wanted === 0 ? null : counts.complete / wanted
}
