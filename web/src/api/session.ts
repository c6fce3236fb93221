import { api, ApiError, ask, onSignedOut, type Schemas, setCsrfToken } from './client'
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'

export type Session = Schemas['Session']
export type Role = Schemas['Role']

const key = ['session']

/** Who is signed in; null for nobody. */
export function useSession() {
  const client = useQueryClient()
  useEffect(() => onSignedOut(() => client.setQueryData(key, null)), [client])
  return useQuery({
    queryKey: key,
    queryFn: read,
    staleTime: Infinity,
    retry: false,
  })
}

function keep(session: Session | null) {
  setCsrfToken(session?.csrf_token ?? '')
  return session
}

async function read(): Promise<Session | null> {
  try {
    return keep(await ask(api.GET('/api/v3/session')))
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return keep(null)
    throw error
  }
}

/** What one person read is not shown to the next. */
function enter(client: QueryClient, session: Session | null) {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== key[0] })
  client.setQueryData(key, session)
}

export function useSignIn() {
  const client = useQueryClient()
  return async (token: string) => {
    const headers = { Authorization: `Bearer ${token.trim()}` }
    const session = keep(await ask(api.POST('/api/v3/session', { headers })))
    enter(client, session)
  }
}

export function useSignOut() {
  const client = useQueryClient()
  return async () => {
    await ask(api.DELETE('/api/v3/session'))
    keep(null)
    enter(client, null)
  }
}

const ranks: Role[] = ['viewer', 'operator', 'admin']

/** What that person may do: nobody is shown what would be refused. */
export function useMay() {
  const { data } = useSession()
  return (role: Role) => !!data && ranks.indexOf(data.role) >= ranks.indexOf(role)
}

/** Whether that person may change contacts, and what happens to them. */
export function useMayAct() {
  return useMay()('operator')
}
