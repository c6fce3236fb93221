import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { api, ApiError, ask, type Crm, type Schemas } from './client'

export type Operation = Schemas['Operation']

const key = ['operations']
const busy_poll_ms = 1_000
const idle_poll_ms = 15_000

/** A call of this page that an operation may come of. */
interface Call {
  kind: Operation['kind']
  crms: string
  /** Whether it was answered with what came of it, not with an operation that goes on. */
  answered: Promise<boolean>
}

const calls = new Set<Call>()

/** Events and questions may tell of its operation somewhat later. */
const remembered_ms = 5_000

/** What a call was answered with is told by whoever made it: not once more when its operation is seen to end. */
export function answering<T extends object>(kind: Operation['kind'], crms: Crm[], answer: Promise<T>): Promise<T> {
  const call: Call = {
    kind,
    crms: [...crms].sort().join(),
    answered: answer.then(
      (body) => !('operation_id' in body),
      () => false,
    ),
  }
  calls.add(call)
  void call.answered.then(() => setTimeout(() => calls.delete(call), remembered_ms))
  return answer
}

/** Whether whoever began it on this page has been told already. */
export async function isTold({ kind, crms, state }: Operation): Promise<boolean> {
  if (state !== 'done') return false
  const its = [...crms].sort().join()
  const all = [...calls].filter((call) => call.kind === kind && call.crms === its)
  return (await Promise.all(all.map(({ answered }) => answered))).includes(true)
}

const isRunning = ({ state }: Operation) => state === 'running' || state === 'interrupted'

/** Those under way, whoever began them: also after the page is read anew. */
export function useOperations() {
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => ask(api.GET('/api/v3/operations', { params: { query: { state: 'running' } }, signal })),
    refetchInterval: (query) => (query.state.data?.length ? busy_poll_ms : idle_poll_ms),
  })
}

/** One of them, as an event tells it. */
export function showOperation(client: QueryClient, operation: Operation) {
  client.setQueryData<Operation[]>(key, (all = []) => {
    const others = all.filter(({ id }) => id !== operation.id)
    if (!isRunning(operation)) return others
    return all.length === others.length
      ? [operation, ...all]
      : all.map((one) => (one.id === operation.id ? operation : one))
  })
}

/** Tells of each that this page saw running, once it has ended. */
export function useEnded(running: Operation[] | undefined, onEnd: (operation: Operation) => void) {
  const client = useQueryClient()
  const seen = useRef(new Set<string>())
  const tell = useRef(onEnd)
  useEffect(() => {
    tell.current = onEnd
  })
  useEffect(() => {
    if (!running) return
    const now = new Set(running.map(({ id }) => id))
    const ended = [...seen.current].filter((id) => !now.has(id))
    seen.current = now
    for (const id of ended)
      void ask(api.GET('/api/v3/operations/{id}', { params: { path: { id } } })).then(
        (operation) => (isRunning(operation) ? showOperation(client, operation) : tell.current(operation)),
        // Whoever may not read it any more need not be told.
        () => undefined,
      )
  }, [running, client])
}

export const cancelOperation = (id: string) =>
  ask(api.POST('/api/v3/operations/{id}/cancel', { params: { path: { id } } }))

/** Shows at once what has just begun, if that takes long. */
export function expectOperation(client: QueryClient) {
  void client.invalidateQueries({ queryKey: key })
}

/** How many contacts an action met when that is more than were expected; else nothing. */
export function countMet(error: unknown): number | undefined {
  if (!(error instanceof ApiError) || error.status !== 409) return undefined
  const { count } = (error.body ?? {}) as { count?: unknown }
  return typeof count === 'number' ? count : undefined
}
