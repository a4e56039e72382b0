// The cards of an entity's page, which are always shown together: one part of the program, and not one for each, is fetched.
export { ActionsCard } from './ActionsCard';
export { ApiCard } from './ApiCard';
export { CardsLayout } from './CardsLayout';
export { DeliveryCard } from './DeliveryCard';
export { OffersCard } from './OffersCard';
export { PodsCard } from './PodsCard';
export { PolicyCard } from './PolicyCard';
export { StatusCard } from './StatusCard';
export { UsageCard } from './UsageCard';
