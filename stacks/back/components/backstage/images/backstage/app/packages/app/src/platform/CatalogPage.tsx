// The table of what is in the catalog.
import { ReactNode } from 'react';
import { Entity } from '@backstage/catalog-model';
import { FavoriteToggleIcon, TableColumn } from '@backstage/core-components';
import { CatalogIndexPage, CatalogTable, CatalogTableColumnsFunc, CatalogTableRow } from '@backstage/plugin-catalog';
import { useStarredEntities } from '@backstage/plugin-catalog-react';
import IconButton from '@material-ui/core/IconButton';
import { clusterKind } from './entities';
import { splitImage } from './image';

type Column = TableColumn<CatalogTableRow>;

export function CatalogPage({ filters }: { filters: ReactNode }) {
  // Only actions that do something: the usual ones lead to files that entities of the cluster do not have.
  return <CatalogIndexPage filters={<>{filters}</>} columns={columnsOf} actions={[]} pagination />;
}

/** What runs is told apart by kind, place and image; everything else by its description. */
export const columnsOf: CatalogTableColumnsFunc = ({ filters }) => {
  const name: Column = { ...CatalogTable.columns.createNameColumn(), cellStyle: WHOLE };
  const owner: Column = { ...CatalogTable.columns.createOwnerColumn(), cellStyle: WHOLE };
  if (filters.kind?.value.toLowerCase() !== 'component') return [name, column('Type', typeOf), owner, description, star];
  return [name, column('Kind', kindOf), owner, { ...CatalogTable.columns.createSystemColumn(), cellStyle: WHOLE }, column('Image', imageOf), star];
};

/** Names are not broken within a word: what is too long is cut, and told in full by the browser. */
const WHOLE = { whiteSpace: 'nowrap', overflow: 'hidden', textOverflow: 'ellipsis', maxWidth: 240 } as const;

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
