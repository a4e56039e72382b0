// The table of what is in the catalog.
import { ReactNode, useMemo } from 'react';
import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { FavoriteToggleIcon, OverflowTooltip, TableColumn } from '@backstage/core-components';
import { CatalogIndexPage, CatalogTable, CatalogTableColumnsFunc, CatalogTableRow } from '@backstage/plugin-catalog';
import { useStarredEntities } from '@backstage/plugin-catalog-react';
import { State, States, useRoute } from './api';
import { clusterKind } from './entities';
import { splitImage } from './image';
import { StateBadge, stateWord } from './parts';

type Column = TableColumn<CatalogTableRow>;

export function CatalogPage({ filters }: { filters: ReactNode }) {
  const { value } = useRoute<States>('states', 15);
  const columns = useMemo(() => columnsOf(value?.states ?? {}), [value]);
  const { isStarredEntity, toggleStarredEntity } = useStarredEntities();
  const star = ({ entity }: CatalogTableRow) => ({
    icon: () => <FavoriteToggleIcon isFavorite={isStarredEntity(entity)} />,
    tooltip: isStarredEntity(entity) ? 'Remove from favorites' : 'Add to favorites',
    onClick: () => toggleStarredEntity(entity),
  });
  return <CatalogIndexPage filters={<>{filters}</>} columns={columns} actions={[star]} pagination />;
}

/** What runs is told apart by state, kind, place and image; everything else by its description. */
export const columnsOf = (states: Record<string, State>): CatalogTableColumnsFunc => ({ filters }) => {
  const name: Column = { ...CatalogTable.columns.createNameColumn(), width: 'auto' };
  const owner = CatalogTable.columns.createOwnerColumn();
  if (filters.kind?.value.toLowerCase() !== 'component') return [name, column('Type', typeOf), owner, description];
  return [name, stateColumn(states), column('Kind', kindOf), owner, CatalogTable.columns.createSystemColumn(), column('Image', imageOf), column('Lifecycle', lifecycleOf)];
};

/** How each thing is: what does not run can be sorted to the top. */
function stateColumn(states: Record<string, State>): Column {
  const stateOf = (entity: Entity): State | undefined => states[stringifyEntityRef(entity)];
  const read = (entity: Entity) => {
    const state = stateOf(entity);
    return state ? stateWord(state.verdict) : '';
  };
  return {
    ...column('State', read),
    render: ({ entity }) => {
      const state = stateOf(entity);
      return state ? <span title={state.summary}><StateBadge verdict={state.verdict} /></span> : null;
    },
  };
}

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
