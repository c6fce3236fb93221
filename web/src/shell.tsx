import {
  ActionIcon,
  AppShell,
  Badge,
  Burger,
  Group,
  Kbd,
  Menu,
  Modal,
  NavLink,
  Stack,
  Table,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import {
  IconAlertTriangle,
  IconGauge,
  IconHelp,
  IconHistory,
  IconKey,
  IconLogout,
  IconMoon,
  IconPlayerPlay,
  IconPlugConnected,
  IconSun,
  IconUser,
  IconUsers,
} from '@tabler/icons-react'
import { type ReactNode, useEffect } from 'react'
import { Link, useLocation } from 'react-router'
import { useLive } from './api/live'
import { useHealth, useSummary, sumOf } from './api/queries'
import { type Role, useMay, useSession, useSignOut } from './api/session'
import { LiveSign, LostConnection } from './ui/live_sign'
import { compact } from './ui/numbers'
import { Operations } from './ui/operations'
import { attempt } from './ui/tell'

/** Pages that everybody may see, and those that take a role. */
const pages: { to: string; name: string; icon: typeof IconGauge; role?: Role }[] = [
  { to: '/', name: 'Overview', icon: IconGauge },
  { to: '/contacts', name: 'Contacts', icon: IconUsers },
  { to: '/failures', name: 'Failures', icon: IconAlertTriangle },
  { to: '/connectors', name: 'Connectors', icon: IconPlugConnected },
  { to: '/rehearse', name: 'Rehearse', icon: IconPlayerPlay },
  { to: '/audit', name: 'Audit', icon: IconHistory, role: 'operator' },
  { to: '/keys', name: 'Keys', icon: IconKey, role: 'admin' },
]

const keys: [string[], string][] = [
  [['/'], 'Search contacts'],
  [['j', 'k'], 'Next, previous contact'],
  [['x'], 'Select the contact'],
  [['Enter'], 'Open the contact'],
  [['Esc'], 'Close; let go of the selection'],
  [['?'], 'This help'],
]

export function Shell({ children }: { children: ReactNode }) {
  useLive()
  const { pathname } = useLocation()
  const [opened, menu] = useDisclosure()
  const [helped, help] = useDisclosure()
  useEffect(() => menu.close(), [pathname, menu])
  useHotkeys([['shift+?', help.toggle]])
  return (
    <AppShell
      header={{ height: { base: 52, sm: 0 } }}
      navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <AppShell.Header hiddenFrom="sm" px="sm">
        <Group h="100%" justify="space-between">
          <Burger opened={opened} onClick={menu.toggle} size="sm" aria-label="Pages" aria-expanded={opened} />
          <Brand />
          <LiveSign />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Pages">
        <Stack h="100%" justify="space-between">
          <div>
            <Group visibleFrom="sm" px="xs" py="sm" mb="xs">
              <Brand />
            </Group>
            <Navigation pathname={pathname} />
          </div>
          <Stack gap="xs">
            <LiveSign />
            <Foot onHelp={help.open} />
          </Stack>
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <LostConnection />
        <Operations />
        {children}
      </AppShell.Main>
      <Help opened={helped} onClose={help.close} />
    </AppShell>
  )
}

function Brand() {
  return (
    <Group gap="xs">
      <img src="/favicon.svg" alt="" width={22} height={22} />
      <Text fw={650}>crmsync</Text>
    </Group>
  )
}

function Navigation({ pathname }: { pathname: string }) {
  const { data: summary } = useSummary()
  const { data: health } = useHealth()
  const may = useMay()
  const failed = summary ? sumOf(summary).error : 0
  const ill = Object.values(health?.crms ?? {}).filter((crm) => crm.status === 'down').length
  const signs: Record<string, number> = { '/failures': failed, '/connectors': ill }
  return (
    <>
      {pages
        .filter(({ role }) => !role || may(role))
        .map(({ to, name, icon: Icon }) => (
          <NavLink
            key={to}
            component={Link}
            to={to}
            label={name}
            active={to === '/' ? pathname === '/' : pathname.startsWith(to)}
            aria-current={(to === '/' ? pathname === '/' : pathname.startsWith(to)) ? 'page' : undefined}
            leftSection={<Icon size={18} stroke={1.7} aria-hidden />}
            rightSection={
              signs[to] ? (
                <Badge size="sm" color="red.8" variant="filled">
                  {compact(signs[to])}
                </Badge>
              ) : null
            }
            variant="light"
            mb={2}
            style={{ borderRadius: 'var(--mantine-radius-md)' }}
          />
        ))}
    </>
  )
}

function Foot({ onHelp }: { onHelp: () => void }) {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const { data: session } = useSession()
  const signOut = useSignOut()
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <Group gap={4} justify="space-between">
      <Menu position="top-start" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label="You">
            <IconUser size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {session?.subject} ({session?.role})
          </Menu.Label>
          <Menu.Item
            leftSection={<IconLogout size={16} aria-hidden />}
            onClick={() => void attempt(signOut, () => 'You are signed out')}
          >
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Group gap={4}>
        <Tooltip label={`Use the ${other} colours`}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Use the ${other} colours`}
            onClick={() => setColorScheme(other)}
          >
            {scheme === 'dark' ? <IconSun size={18} aria-hidden /> : <IconMoon size={18} aria-hidden />}
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Keyboard">
          <ActionIcon variant="subtle" color="gray" aria-label="Keyboard" onClick={onHelp}>
            <IconHelp size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
    </Group>
  )
}

function Help({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard" centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <Table>
        <Table.Tbody>
          {keys.map(([names, does]) => (
            <Table.Tr key={does}>
              <Table.Td w={120}>
                <Group gap={4}>
                  {names.map((name) => (
                    <Kbd key={name}>{name}</Kbd>
                  ))}
                </Group>
              </Table.Td>
              <Table.Td>{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  )
}
