import { Button, Text } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconFileImport, IconPlus, IconUsers } from '@tabler/icons-react'
import type { RowSelectionState } from '@tanstack/react-table'
import { useMemo, useState } from 'react'
import { Link, Outlet, useNavigate } from 'react-router'
import { useContacts } from '../api/contacts'
import { useView } from '../api/filter'
import { useMayAct } from '../api/session'
import { ActionBar } from '../ui/action_bar'
import { ContactForm } from '../ui/contact_form'
import { ContactTable } from '../ui/contact_table'
import { ContactToolbar } from '../ui/contact_toolbar'
import { amount, capital } from '../ui/numbers'
import { Page } from '../ui/page'
import { PasteList } from '../ui/paste_list'
import { Empty, Failed, Loading } from '../ui/states'

export default function Contacts() {
  const { view, filter, sort } = useView()
  const navigate = useNavigate()
  const contacts = useContacts(filter, sort)
  const mayAct = useMayAct()
  const [adding, setAdding] = useState(false)
  const [pasting, setPasting] = useState(false)
  const [selection, setSelection] = useState<RowSelectionState>({})
  const [allMatching, setAllMatching] = useState(false)
  const [shownView, setShownView] = useState(view)
  if (shownView !== view) {
    // What was picked in one view is not silently part of another.
    setShownView(view)
    setSelection({})
    setAllMatching(false)
  }
  const rows = useMemo(() => contacts.data?.pages.flatMap((page) => page.rows) ?? [], [contacts.data])
  const last = contacts.data?.pages.at(-1)
  const total = last?.total ?? 0
  const ids = Object.keys(selection)
  const clear = () => {
    setSelection({})
    setAllMatching(false)
  }
  useHotkeys([['Escape', clear]])
  const isFiltered = Object.keys(filter).length > 0

  return (
    <Page
      title="Contacts"
      about={
        contacts.data ? `${capital(amount(total, last?.isEstimate ?? false))} ${isFiltered ? 'match' : 'in all'}` : ' '
      }
      actions={
        mayAct && (
          <>
            <Button component={Link} to="/contacts/import" variant="default" leftSection={<IconFileImport size={16} />}>
              Import
            </Button>
            <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
              Add
            </Button>
          </>
        )
      }
    >
      <ContactToolbar onPaste={() => setPasting(true)} />
      {contacts.error && !contacts.data ? (
        <Failed error={contacts.error} retry={contacts.refetch} />
      ) : contacts.isPending ? (
        <Loading rows={10} />
      ) : rows.length === 0 && !isFiltered ? (
        <NoContacts mayAct={mayAct} />
      ) : (
        <ContactTable
          rows={rows}
          total={total}
          selection={selection}
          onSelect={(next) => {
            setAllMatching(false)
            setSelection(next)
          }}
          more={contacts.hasNextPage && !contacts.isFetchingNextPage ? contacts.fetchNextPage : undefined}
          dim={contacts.isPlaceholderData}
          empty={<NoMatch />}
          onOpen={(contact) => navigate(`/contacts/${contact.id}?${view}`)}
        />
      )}
      {(ids.length > 0 || allMatching) && (
        <ActionBar
          target={allMatching ? { filter, total, isEstimate: last?.isEstimate ?? false } : { ids }}
          loaded={rows}
          canTakeAll={!allMatching && total > ids.length}
          total={total}
          isEstimate={last?.isEstimate ?? false}
          onTakeAll={() => setAllMatching(true)}
          onClear={clear}
        />
      )}
      {pasting && (
        <PasteList
          onClose={() => setPasting(false)}
          onSelect={(found) => {
            setAllMatching(false)
            setSelection(Object.fromEntries(found.map((id) => [id, true])))
            setPasting(false)
          }}
        />
      )}
      <ContactForm opened={adding} onClose={() => setAdding(false)} />
      <Outlet />
    </Page>
  )
}

const icon = <IconUsers size={28} aria-hidden />

function NoContacts({ mayAct }: { mayAct: boolean }) {
  return (
    <Empty icon={icon} title="There are no contacts yet">
      <Text size="sm">Import a CSV file, add one by hand, or let another program write them.</Text>
      {mayAct && (
        <Button component={Link} to="/contacts/import" size="xs">
          Import a CSV file
        </Button>
      )}
    </Empty>
  )
}

function NoMatch() {
  return (
    <Empty icon={icon} title="No contact matches">
      <Button component={Link} to="/contacts" variant="default" size="xs">
        Show all contacts
      </Button>
    </Empty>
  )
}
