// Shapes of what the back end of the portal's own pages answers: both ends take them from here, so that neither can change
// one alone.
export type * from './change';
export type * from './course';
export type * from './delivery';
export type * from './docs';
export type * from './orders';
export type * from './pods';
export type * from './policies';
export type * from './preview';
export type * from './schema';
export type * from './states';
export type * from './told';
export type * from './usage';
