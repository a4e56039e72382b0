// The catalog's page: columns that fit the screen, and only actions that do something.
import { coreExtensionData, createExtensionInput, createFrontendModule, PageBlueprint } from '@backstage/frontend-plugin-api';
import catalogPlugin from '@backstage/plugin-catalog/alpha';

const page = PageBlueprint.makeWithOverrides({
  inputs: { filters: createExtensionInput([coreExtensionData.reactElement]) },
  factory(originalFactory, { inputs }) {
    return originalFactory({
      path: '/catalog',
      title: 'Catalog',
      routeRef: catalogPlugin.routes.catalogIndex,
      noHeader: true,
      loader: async () => {
        const { CatalogPage } = await import('./CatalogPage');
        return <CatalogPage filters={inputs.filters.map(each => each.get(coreExtensionData.reactElement))} />;
      },
    });
  },
});

/** In place of the page that the catalog's plugin brings. */
export default createFrontendModule({ pluginId: 'catalog', extensions: [page] });
