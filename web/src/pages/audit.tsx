import { Button, Group, Table, Text } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { api, ask } from '../api/client'
import { sentenceOf } from '../ui/audit_line'
import { Page } from '../ui/page'
import { Empty, Shown } from '../ui/states'
import { When } from '../ui/time'
import classes from '../ui/ui.module.css'

const page_size = 100

export default function Audit() {
  const audit = useInfiniteQuery({
    queryKey: ['audit', 'all'],
    queryFn: ({ pageParam, signal }) =>
      ask(api.GET('/api/v3/audit', { params: { query: { limit: page_size, offset: pageParam } }, signal })),
    initialPageParam: 0,
    getNextPageParam: (page, pages) => (page.length < page_size ? null : pages.length * page_size),
  })
  return (
    <Page title="Audit" about="Every decision of a person or a program: who, what, how many, when. Newest first.">
      <Shown query={audit} rows={10}>
        {({ pages }) =>
          pages[0]?.length ? (
            <div
              className={classes.card}
              style={{ overflowX: 'auto' }}
              tabIndex={0}
              role="region"
              aria-label="Decisions"
            >
              <Table miw={640}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>When</Table.Th>
                    <Table.Th>Who</Table.Th>
                    <Table.Th>What</Table.Th>
                    <Table.Th>Details</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {pages.flat().map((entry, at) => (
                    <Table.Tr key={at}>
                      <Table.Td style={{ whiteSpace: 'nowrap' }}>
                        <When at={entry.at} />
                      </Table.Td>
                      <Table.Td style={{ whiteSpace: 'nowrap' }}>{entry.actor}</Table.Td>
                      <Table.Td>{sentenceOf(entry)}</Table.Td>
                      <Table.Td>
                        <Text
                          size="xs"
                          c="dimmed"
                          ff="monospace"
                          lineClamp={2}
                          title={JSON.stringify(entry.detail, null, 2)}
                        >
                          {JSON.stringify(entry.detail)}
                        </Text>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
              {audit.hasNextPage && (
                <Group justify="center" mt="sm">
                  <Button
                    variant="default"
                    size="xs"
                    loading={audit.isFetchingNextPage}
                    onClick={() => void audit.fetchNextPage()}
                  >
                    Earlier ones
                  </Button>
                </Group>
              )}
            </div>
          ) : (
            <Empty icon={<IconHistory size={28} aria-hidden />} title="Nobody has decided anything yet">
              Imports, selections, edits and pauses appear here.
            </Empty>
          )
        }
      </Shown>
    </Page>
  )
}
