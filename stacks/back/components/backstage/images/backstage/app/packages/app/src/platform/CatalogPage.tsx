// The table of what is in the catalog.
import { ReactNode, useMemo } from 'react';
import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { FavoriteToggleIcon, TableColumn } from '@backstage/core-components';
import { CatalogIndexPage, CatalogTable, CatalogTableColumnsFunc, CatalogTableRow } from '@backstage/plugin-catalog';
import { useStarredEntities } from '@backstage/plugin-catalog-react';
import IconButton from '@material-ui/core/IconButton';
import type { State, States } from '@backstack/common';
import { useRoute } from './api';
import { clusterKind } from './entities';
import { splitImage } from './image';
import { StateBadge, stateWord } from './parts';

type Column = TableColumn<CatalogTableRow>;

export function CatalogPage({ filters }: { filters: ReactNode }) {
  const { value } = useRoute<States>('states', 15);
  const columns = useMemo(() => columnsOf(value?.states ?? {}), [value]);
  // Only actions that do something: the usual ones lead to files that entities of the cluster do not have.
  return <CatalogIndexPage filters={<>{filters}</>} columns={columns} actions={[]} pagination />;
}

/** What runs is told apart by state, kind, place and image; everything else by its description. */
export const columnsOf = (states: Record<string, State>): CatalogTableColumnsFunc => ({ filters }) => {
  const name: Column = { ...CatalogTable.columns.createNameColumn(), cellStyle: WHOLE };
  const owner: Column = { ...CatalogTable.columns.createOwnerColumn(), cellStyle: WHOLE };
  if (filters.kind?.value.toLowerCase() !== 'component') return [name, column('Type', typeOf), owner, description, star];
  return [name, stateColumn(states), column('Kind', kindOf), owner, { ...CatalogTable.columns.createSystemColumn(), cellStyle: WHOLE }, column('Image', imageOf), star];
};

/** Names are not broken within a word: what is too long is cut, and told in full by the browser. */
const WHOLE = { whiteSpace: 'nowrap', overflow: 'hidden', textOverflow: 'ellipsis', maxWidth: 240 } as const;

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

const star: Column = { title: '', sorting: false, width: '56px', render: ({ entity }) => <Star entity={entity} /> };

function Star({ entity }: { entity: Entity }) {
  const { isStarredEntity, toggleStarredEntity } = useStarredEntities();
  const isStarred = isStarredEntity(entity);
  return (
    <IconButton size="small" aria-label={isStarred ? 'Remove from favorites' : 'Add to favorites'} onClick={() => toggleStarredEntity(entity)}>
      <FavoriteToggleIcon isFavorite={isStarred} />
    </IconButton>
  );
}

/** A column of short texts. */
function column(title: string, read: (entity: Entity) => string): Column {
  return {
    title,
    cellStyle: WHOLE,
    render: ({ entity }) => <span title={read(entity)}>{read(entity)}</span>,
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

/** The last part of its name, and its version: `nginx:1.29.3`. */
function imageOf({ metadata }: Entity): string {
  const image = metadata.annotations?.['backstack.dev/image'];
  if (!image) return '';
  const { name, version } = splitImage(image);
  return `${name.split('/').pop()}:${version}`;
}
