// The platform's own pages and cards, as one front-end plugin.
import { createFrontendPlugin, createRouteRef, PageBlueprint } from '@backstage/frontend-plugin-api';
import { EntityCardBlueprint, EntityContentBlueprint, EntityContentLayoutBlueprint } from '@backstage/plugin-catalog-react/alpha';
import DocsIcon from '@material-ui/icons/MenuBook';
import HomeIcon from '@material-ui/icons/Home';
import DeliveryIcon from '@material-ui/icons/LocalShipping';
import PolicyIcon from '@material-ui/icons/Gavel';
import CourseIcon from '@material-ui/icons/School';
import SearchIcon from '@material-ui/icons/Search';
import { hasManifest, isInCluster, isOrderable } from './entities';
import { HomePage } from './HomePage';

const homeRoute = createRouteRef();
const docsRoute = createRouteRef();
const searchRoute = createRouteRef();
const policiesRoute = createRouteRef();
const workshopRoute = createRouteRef();
const deliveryRoute = createRouteRef();

const home = PageBlueprint.make({
  name: 'home',
  params: {
    path: '/',
    title: 'Home',
    icon: <HomeIcon fontSize="inherit" />,
    routeRef: homeRoute,
    noHeader: true,
    // In the first load: where people arrive waits for nothing.
    loader: () => Promise.resolve(<HomePage />),
  },
});

const docs = PageBlueprint.make({
  name: 'docs',
  params: {
    path: '/docs',
    title: 'Docs',
    icon: <DocsIcon fontSize="inherit" />,
    routeRef: docsRoute,
    noHeader: true,
    loader: () => import('./DocsPage').then(({ DocsPage }) => <DocsPage />),
  },
});

const status = EntityCardBlueprint.make({
  name: 'status',
  params: {
    type: 'content',
    filter: isInCluster,
    loader: () => import('./cards').then(({ StatusCard }) => <StatusCard />),
  },
});

const search = PageBlueprint.make({
  name: 'search',
  params: {
    path: '/search',
    title: 'Search',
    icon: <SearchIcon fontSize="inherit" />,
    routeRef: searchRoute,
    noHeader: true,
    loader: () => import('./SearchPage').then(({ SearchPage }) => <SearchPage />),
  },
});

const workshop = PageBlueprint.make({
  name: 'workshop',
  params: {
    path: '/workshop',
    title: 'Workshop',
    icon: <CourseIcon fontSize="inherit" />,
    routeRef: workshopRoute,
    noHeader: true,
    loader: () => import('./CoursePage').then(({ CoursePage }) => <CoursePage />),
  },
});

const allPolicies = PageBlueprint.make({
  name: 'policies',
  params: {
    path: '/policies',
    title: 'Policies',
    icon: <PolicyIcon fontSize="inherit" />,
    routeRef: policiesRoute,
    noHeader: true,
    loader: () => import('./PoliciesPage').then(({ PoliciesPage }) => <PoliciesPage />),
  },
});

const allDeliveries = PageBlueprint.make({
  name: 'delivery',
  params: {
    path: '/delivery',
    title: 'Delivery',
    icon: <DeliveryIcon fontSize="inherit" />,
    routeRef: deliveryRoute,
    noHeader: true,
    loader: () => import('./DeliveryPage').then(({ DeliveryPage }) => <DeliveryPage />),
  },
});

const deliveryTab = EntityContentBlueprint.make({
  name: 'delivery',
  params: {
    path: '/delivery',
    title: 'Delivery',
    filter: isInCluster,
    loader: () => import('./DeliveryTab').then(({ DeliveryTab }) => <DeliveryTab />),
  },
});

const policies = EntityCardBlueprint.make({
  name: 'policies',
  params: {
    type: 'content',
    filter: isInCluster,
    loader: () => import('./cards').then(({ PolicyCard }) => <PolicyCard />),
  },
});

const usage = EntityCardBlueprint.make({
  name: 'usage',
  params: {
    type: 'content',
    filter: isInCluster,
    loader: () => import('./cards').then(({ UsageCard }) => <UsageCard />),
  },
});

const pods = EntityCardBlueprint.make({
  name: 'pods',
  params: {
    type: 'content',
    filter: isInCluster,
    loader: () => import('./cards').then(({ PodsCard }) => <PodsCard />),
  },
});

const actions = EntityCardBlueprint.make({
  name: 'actions',
  params: {
    type: 'content',
    filter: hasManifest,
    loader: () => import('./cards').then(({ ActionsCard }) => <ActionsCard />),
  },
});

const delivery = EntityCardBlueprint.make({
  name: 'delivery',
  params: {
    type: 'content',
    filter: isInCluster,
    loader: () => import('./cards').then(({ DeliveryCard }) => <DeliveryCard />),
  },
});

const api = EntityCardBlueprint.make({
  name: 'api',
  params: {
    type: 'content',
    filter: entity => entity.kind === 'API',
    loader: () => import('./cards').then(({ ApiCard }) => <ApiCard />),
  },
});

const offers = EntityCardBlueprint.make({
  name: 'offers',
  params: {
    type: 'content',
    filter: isOrderable,
    loader: () => import('./cards').then(({ OffersCard }) => <OffersCard />),
  },
});

const layout = EntityContentLayoutBlueprint.make({
  name: 'cards',
  params: { loader: () => import('./cards').then(({ CardsLayout }) => CardsLayout) },
});

const change = EntityContentBlueprint.make({
  name: 'change',
  params: {
    path: '/change',
    title: 'Change',
    filter: hasManifest,
    loader: () => import('./ChangePage').then(({ ChangePage }) => <ChangePage />),
  },
});

export default createFrontendPlugin({
  pluginId: 'backstack',
  title: 'BACK stack',
  routes: { home: homeRoute, docs: docsRoute, search: searchRoute, policies: policiesRoute, delivery: deliveryRoute, workshop: workshopRoute },
  extensions: [
    home, docs, workshop, search, allPolicies, allDeliveries, deliveryTab, status, usage, pods, actions, policies, delivery, api, offers, change, layout,
  ],
});
