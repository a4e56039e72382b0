// The table of what is in the catalog.
import { ReactNode } from 'react';
import { Entity } from '@backstage/catalog-model';
import { FavoriteToggleIcon, OverflowTooltip, TableColumn } from '@backstage/core-components';
import { CatalogIndexPage, CatalogTable, CatalogTableColumnsFunc, CatalogTableRow } from '@backstage/plugin-catalog';
import { useStarredEntities } from '@backstage/plugin-catalog-react';
import { clusterKind } from './entities';
import { splitImage } from './image';

type Column = TableColumn<CatalogTableRow>;

export function CatalogPage({ filters }: { filters: ReactNode }) {
  const { isStarredEntity, toggleStarredEntity } = useStarredEntities();
  const star = ({ entity }: CatalogTableRow) => ({
    icon: () => <FavoriteToggleIcon isFavorite={isStarredEntity(entity)} />,
    tooltip: isStarredEntity(entity) ? 'Remove from favorites' : 'Add to favorites',
    onClick: () => toggleStarredEntity(entity),
  });
  return <CatalogIndexPage filters={<>{filters}</>} columns={columnsOf} actions={[star]} pagination />;
}

/** What runs is told apart by kind, place and image; everything else by its description. */
export const columnsOf: CatalogTableColumnsFunc = ({ filters }) => {
  const name: Column = { ...CatalogTable.columns.createNameColumn(), width: 'auto' };
  const owner = CatalogTable.columns.createOwnerColumn();
  if (filters.kind?.value.toLowerCase() !== 'component') return [name, column('Type', typeOf), owner, description];
  return [name, column('Kind', kindOf), owner, CatalogTable.columns.createSystemColumn(), column('Image', imageOf), column('Lifecycle', lifecycleOf)];
};

const description: Column = { ...CatalogTable.columns.createMetadataDescriptionColumn(), width: '45%' };

/** A column of short texts that are not broken. */
function column(title: string, read: (entity: Entity) => string): Column {
  return {
    title,
    render: ({ entity }) => <OverflowTooltip text={read(entity)} placement="bottom-start" />,
    customSort: (a, b) => read(a.entity).localeCompare(read(b.entity)),
    customFilterAndSearch: (query: string, { entity }) => read(entity).toLowerCase().includes(query.toLowerCase()),
  };
}

function typeOf({ spec }: Entity): string {
  return typeof spec?.type === 'string' ? spec.type : '';
}

function kindOf(entity: Entity): string {
  return clusterKind(entity) ?? typeOf(entity);
}

function lifecycleOf({ spec }: Entity): string {
  return typeof spec?.lifecycle === 'string' ? spec.lifecycle : '';
}

/** The last part of its name, and its version: `nginx:1.29.3`. */
function imageOf({ metadata }: Entity): string {
  const image = metadata.annotations?.['backstack.dev/image'];
  if (!image) return '';
  const { name, version } = splitImage(image);
  return `${name.split('/').pop()}:${version}`;
}
