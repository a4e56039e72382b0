// Other pages of the platform, from `backstack.links` of the configuration.
import { ConfigApi } from '@backstage/frontend-plugin-api';

export type PlatformLink = { title: string; description: string; url: string };

export function platformLinks(config: ConfigApi): PlatformLink[] {
  const found = config.getOptionalConfigArray('backstack.links') ?? [];
  return found.map(link => ({
    title: link.getString('title'),
    description: link.getOptionalString('description') ?? '',
    url: link.getString('url'),
  }));
}
