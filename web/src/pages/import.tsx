import { Alert, Button, FileInput, Group, Progress, Select, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import { IconFileImport } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Link } from 'react-router'
import { download } from '../api/actions'
import type { Schemas } from '../api/client'
import { guess, type Mapping, mapParameter, readHead, type Head, upload, fields } from '../api/import'
import { refreshAll } from '../api/live'
import { useMayAct } from '../api/session'
import { count, plural, share } from '../ui/numbers'
import { Card, Facts, Page } from '../ui/page'
import { Empty } from '../ui/states'

type Report = Schemas['ImportReport']

export default function Import() {
  const client = useQueryClient()
  const mayAct = useMayAct()
  const [file, setFile] = useState<File | null>(null)
  const [head, setHead] = useState<Head>()
  const [mapping, setMapping] = useState<Mapping>({})
  const [sent, setSent] = useState<number>()
  const [report, setReport] = useState<Report>()
  const [problem, setProblem] = useState('')
  const abort = useRef<AbortController>(null)

  const choose = async (chosen: File | null) => {
    setFile(chosen)
    setReport(undefined)
    setProblem('')
    setHead(undefined)
    if (!chosen) return
    try {
      const read = await readHead(chosen)
      setHead(read)
      setMapping(guess(read.columns))
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    }
  }
  const start = async () => {
    if (!file || !head) return
    abort.current = new AbortController()
    setSent(0)
    setProblem('')
    try {
      setReport(await upload(file, mapParameter(mapping), setSent, abort.current.signal))
    } catch (error) {
      setProblem(abort.current.signal.aborted ? 'Stopped. What was written before stays.' : (error as Error).message)
    }
    setSent(undefined)
    refreshAll(client)
  }

  if (!mayAct)
    return (
      <Page title="Import contacts">
        <Empty title="Your role does not import">Ask somebody who may act, or sign in with another token.</Empty>
      </Page>
    )
  return (
    <Page
      title="Import contacts"
      about="A CSV file of any size. Who is there already is updated by e-mail address; nothing is erased, nobody is sent anywhere yet."
    >
      <Stack>
        <Card>
          <FileInput
            label="CSV file"
            placeholder="Choose a file"
            accept=".csv,text/csv,text/plain"
            value={file}
            onChange={(chosen) => void choose(chosen)}
            leftSection={<IconFileImport size={16} aria-hidden />}
            disabled={sent !== undefined}
            clearable
            clearButtonProps={{ 'aria-label': 'Another file' }}
            maw={480}
          />
        </Card>
        {problem && (
          <Alert color="red" variant="outline" title="The import did not work" role="alert">
            {problem}
          </Alert>
        )}
        {head && !report && (
          <>
            <Columns head={head} mapping={mapping} onChange={setMapping} />
            <Group>
              <Button
                onClick={() => void start()}
                loading={sent !== undefined}
                disabled={!mapping.email}
                leftSection={<IconFileImport size={16} />}
              >
                Import
              </Button>
              {!mapping.email && <Text size="sm">Say first which column holds the e-mail address.</Text>}
              {sent !== undefined && (
                <>
                  <Progress value={100 * sent} w={200} animated aria-label="Import" />
                  <Text size="sm" c="dimmed" role="status">
                    {sent < 1 ? `${share(sent)} sent` : 'Writing the last rows'}
                  </Text>
                  <Button variant="default" size="xs" onClick={() => abort.current?.abort()}>
                    Stop
                  </Button>
                </>
              )}
            </Group>
          </>
        )}
        {report && <Result report={report} onAgain={() => void choose(null)} />}
      </Stack>
    </Page>
  )
}

interface ColumnsProps {
  head: Head
  mapping: Mapping
  onChange: (mapping: Mapping) => void
}

function Columns({ head, mapping, onChange }: ColumnsProps) {
  return (
    <>
      <Card title="Which column is what">
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
          {fields.map(({ name, label }) => (
            <Select
              key={name}
              label={label}
              placeholder="–"
              data={head.columns}
              value={mapping[name] ?? null}
              onChange={(column) => onChange({ ...mapping, [name]: column ?? undefined })}
              required={name === 'email'}
              clearable
              searchable
            />
          ))}
        </SimpleGrid>
      </Card>
      <Card title={`The first ${plural(head.rows.length, 'row')}, as they would be read`}>
        <div style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label="First rows">
          <Table fz="sm" miw={640}>
            <Table.Thead>
              <Table.Tr>
                {fields.map(({ name, label }) => mapping[name] && <Table.Th key={name}>{label}</Table.Th>)}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {head.rows.map((row, at) => (
                <Table.Tr key={at}>
                  {fields.map(({ name }) => {
                    const column = mapping[name]
                    return (
                      column && (
                        <Table.Td key={name} dir="auto" style={{ overflowWrap: 'anywhere' }}>
                          {row[head.columns.indexOf(column)] || '–'}
                        </Table.Td>
                      )
                    )
                  })}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      </Card>
    </>
  )
}

function Result({ report, onAgain }: { report: Report; onAgain: () => void }) {
  const save = async () => {
    const { default: papa } = await import('papaparse')
    const text = papa.unparse(report.refused_lines, { escapeFormulae: true, newline: '\r\n' })
    download(new Blob(['\ufeff', text], { type: 'text/csv' }), 'refused.csv')
  }
  return (
    <>
      <Card title={`${plural(report.read, 'row')} read`}>
        <Stack>
          <Facts
            facts={[
              ['New', count(report.created)],
              ['Updated', count(report.updated)],
              ['Unchanged', count(report.unchanged)],
              ['Merged with another row', count(report.merged)],
              ['Refused', count(report.refused)],
              ['Columns not used', report.ignored_columns.join(', ')],
              ...report.warnings.map((warning): [string, string] => ['Warning', warning]),
            ]}
          />
          <Group gap="xs">
            <Button component={Link} to="/contacts">
              Choose whom to send
            </Button>
            <Button variant="default" onClick={onAgain}>
              Import another file
            </Button>
          </Group>
        </Stack>
      </Card>
      {report.refused > 0 && (
        <Card
          title={`Refused: ${Object.entries(report.refused_by_reason)
            .map(([reason, times]) => `${reason} (${count(times)})`)
            .join(', ')}`}
          aside={
            <Button size="xs" variant="default" onClick={() => void save()}>
              Download
            </Button>
          }
        >
          <div style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label="Refused lines">
            <Table fz="sm" miw={480}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Line</Table.Th>
                  <Table.Th>Why</Table.Th>
                  <Table.Th>Text</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {report.refused_lines.slice(0, 100).map(({ line, reason, text }) => (
                  <Table.Tr key={line}>
                    <Table.Td>{count(line)}</Table.Td>
                    <Table.Td>{reason}</Table.Td>
                    <Table.Td dir="auto" style={{ overflowWrap: 'anywhere' }}>
                      {text}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        </Card>
      )}
    </>
  )
}
