/** The risk tiers as programs order them and as a person reads them. Pure. */

/** From the least to the most likely to leave, as the service's figures name them ("high_risk_customers"). */
export const TIER_ORDER = ["low", "medium", "high"];

/** @param {string} tier one of the order above @returns {string} its word, with a capital: the service filters by it too */
export function tierWord(tier) {
  return tier[0].toUpperCase() + tier.slice(1);
}
