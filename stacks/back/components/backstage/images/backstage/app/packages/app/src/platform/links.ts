// Other pages of the platform, from `backstack.links` of the configuration.
import { configApiRef, useApi } from '@backstage/frontend-plugin-api';
import { useRoute } from './api';

export type PlatformLink = { title: string; description: string; url: string };

/** Those whose pages are there: images that are built from packages may lack them. */
export function usePlatformLinks(): PlatformLink[] {
  const found = useApi(configApiRef).getOptionalConfigArray('backstack.links') ?? [];
  const { value: pages = {} } = useRoute<Record<string, boolean>>('pages');
  const isThere = (needs?: string) => needs === undefined || pages[needs];
  return found.filter(link => isThere(link.getOptionalString('needs'))).map(link => ({
    title: link.getString('title'),
    description: link.getOptionalString('description') ?? '',
    url: link.getString('url'),
  }));
}
