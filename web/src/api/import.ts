import { ApiError, detailOf, type Schemas, writeHeaders } from './client'

/** The fields of a contact that a column can hold, with the usual names of such columns. */
export const fields = [
  {
    name: 'email',
    label: 'E-mail',
    usual: ['email', 'emailaddress', 'mail', 'mailaddress', 'contactemail', 'workemail'],
  },
  { name: 'name', label: 'Name', usual: ['name', 'fullname', 'contactname', 'displayname'] },
  { name: 'first_name', label: 'First name', usual: ['firstname', 'givenname', 'forename'] },
  { name: 'last_name', label: 'Last name', usual: ['lastname', 'surname', 'familyname'] },
  {
    name: 'phone_number',
    label: 'Phone',
    usual: ['phonenumber', 'phone', 'telephone', 'tel', 'mobile', 'mobilephone', 'cell'],
  },
  { name: 'source_url', label: 'Found at', usual: ['sourceurl', 'website', 'web', 'url', 'homepage'] },
  { name: 'context', label: 'Context', usual: ['context', 'notes'] },
  { name: 'email_type', label: 'Kind of address', usual: ['emailtype'] },
] as const

export type Field = (typeof fields)[number]['name']
export type Mapping = Partial<Record<Field, string>>

/** The beginning of a file: enough to choose columns by. */
export interface Head {
  columns: string[]
  rows: string[][]
}

const shown_rows = 8

export async function readHead(file: File): Promise<Head> {
  const { default: papa } = await import('papaparse')
  const [columns, ...rows] = await new Promise<string[][]>((resolve, reject) =>
    papa.parse<string[]>(file, {
      preview: shown_rows + 1,
      skipEmptyLines: true,
      complete: ({ data }) => resolve(data),
      error: reject,
    }),
  )
  if (!columns) throw new Error('The file is empty.')
  return { columns: columns.map((column) => column.replace(/^\ufeff/, '').trim()), rows }
}

const keyOf = (column: string) => column.toLowerCase().replaceAll(/[\s_.-]/g, '')

/** The columns with usual names, each taken once. */
export function guess(columns: string[]): Mapping {
  const mapping: Mapping = {}
  for (const { name, usual } of fields) {
    const column = columns.find((one) => (usual as readonly string[]).includes(keyOf(one)))
    if (column) mapping[name] = column
  }
  return mapping
}

/** As the API takes it. All fields are named, so that nothing is taken that was not shown. */
export function mapParameter(mapping: Mapping): string {
  return fields
    .map(({ name }) => {
      const column = mapping[name]
      return column === undefined ? `${name}=` : `${name}="${column.replaceAll('"', '""')}"`
    })
    .join(',')
}

/** Sends the file as it is. fetch does not tell how much of a body has left, so this is an XMLHttpRequest. */
export function upload(
  file: File,
  map: string,
  onSent: (share: number) => void,
  signal: AbortSignal,
): Promise<Schemas['ImportReport']> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `/api/v3/contacts/import?map=${encodeURIComponent(map)}`)
    request.responseType = 'json'
    request.setRequestHeader('Content-Type', 'text/csv')
    for (const [name, value] of Object.entries(writeHeaders())) request.setRequestHeader(name, value)
    request.upload.onprogress = ({ loaded, total }) => onSent(total > 0 ? loaded / total : 0)
    request.onload = () =>
      request.status === 200
        ? resolve(request.response as Schemas['ImportReport'])
        : reject(new ApiError(request.status, detailOf(request.response) ?? `The answer was ${request.status}`))
    request.onerror = () => reject(new ApiError(0, 'The connection was lost. What was written before stays.'))
    request.onabort = () => reject(new DOMException('Stopped', 'AbortError'))
    signal.addEventListener('abort', () => request.abort())
    request.send(file)
  })
}
