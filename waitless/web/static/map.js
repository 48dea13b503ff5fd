export function offerMap() {}
