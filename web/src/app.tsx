import { lazy, Suspense } from 'react'
import { Navigate, Route, Routes } from 'react-router'
import { useSession } from './api/session'
import { SignIn } from './pages/sign_in'
import { Shell } from './shell'
import { Page } from './ui/page'
import { Empty, Failed, PageLoading } from './ui/states'

const Overview = lazy(() => import('./pages/overview'))
const Contacts = lazy(() => import('./pages/contacts'))
const ContactDrawer = lazy(() => import('./pages/contact'))
const Import = lazy(() => import('./pages/import'))
const Failures = lazy(() => import('./pages/failures'))
const Connectors = lazy(() => import('./pages/connectors'))
const Rehearse = lazy(() => import('./pages/rehearse'))
const Audit = lazy(() => import('./pages/audit'))
const Keys = lazy(() => import('./pages/keys'))

function Lost() {
  return (
    <Page title="Lost">
      <Empty title="There is no such page">Choose one of those that there are.</Empty>
    </Page>
  )
}

export function App() {
  const session = useSession()
  if (session.isPending) return <PageLoading />
  if (session.error) return <Failed error={session.error} retry={session.refetch} />
  if (!session.data) return <SignIn />
  return (
    <Shell>
      <Suspense fallback={<PageLoading />}>
        <Routes>
          <Route path="/" element={<Overview />} />
          <Route path="/contacts" element={<Contacts />}>
            <Route path=":id" element={<ContactDrawer />} />
          </Route>
          <Route path="/contacts/import" element={<Import />} />
          <Route path="/failures" element={<Failures />} />
          <Route path="/connectors" element={<Navigate to="/connectors/brevo" replace />} />
          <Route path="/connectors/:crm" element={<Connectors />} />
          <Route path="/rehearse" element={<Rehearse />} />
          <Route path="/audit" element={<Audit />} />
          <Route path="/keys" element={<Keys />} />
          <Route path="*" element={<Lost />} />
        </Routes>
      </Suspense>
    </Shell>
  )
}
