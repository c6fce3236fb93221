import createClient, { type Middleware } from 'openapi-fetch'
import type { components, paths } from '~schema'

export type Schemas = components['schemas']
export type Contact = Schemas['Contact']
export type Crm = Schemas['Crm']
export type SyncStatus = Schemas['SyncStatus']

export const crms = ['brevo', 'hubspot', 'mautic', 'n8n'] as const satisfies readonly Crm[]
export const crmNames: Record<Crm, string> = { brevo: 'Brevo', hubspot: 'HubSpot', mautic: 'Mautic', n8n: 'n8n' }

/** What the program answered instead of a result, or that it did not answer (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly body?: unknown,
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

/** The text of `{"detail": ...}`, which is a sentence or a list of fields with reasons. */
export function detailOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return undefined
  const { detail } = body
  if (typeof detail === 'string') return detail
  if (!Array.isArray(detail)) return undefined
  return detail
    .map((problem: { field?: string; reason?: string }) => [problem.field, problem.reason].filter(Boolean).join(': '))
    .join('; ')
}

const csrfHeader = 'X-CSRF-Token'
let csrfToken = ''
let signedOut: () => void = () => undefined

/** What writes by cookie must carry; the session tells it. */
export function setCsrfToken(token: string) {
  csrfToken = token
}
export function onSignedOut(handler: () => void) {
  signedOut = handler
}
export function writeHeaders(): Record<string, string> {
  return csrfToken ? { [csrfHeader]: csrfToken } : {}
}

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET' && csrfToken) request.headers.set(csrfHeader, csrfToken)
    return request
  },
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && schemaPath !== '/api/v3/session') signedOut()
  },
}

export const api = createClient<paths>({ baseUrl: '/' })
api.use(guard)

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The answer's body with its headers; throws an ApiError for anything that is not a success. */
export async function askWhole<T>(call: Promise<Answer<T>>): Promise<{ data: T; headers: Headers }> {
  let answer: Answer<T>
  try {
    answer = await call
  } catch {
    throw new ApiError(0, 'crmsync does not answer. Is it running, and is the network up?')
  }
  if (!answer.response.ok)
    throw new ApiError(
      answer.response.status,
      detailOf(answer.error) ?? `The answer was ${answer.response.status}`,
      answer.error,
    )
  return { data: answer.data as T, headers: answer.response.headers }
}

export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  return (await askWhole(call)).data
}
