/** The header that carries the gateway's own secret on its control API (docs/tyk/signals.md#control-api). */
export const GATEWAY_SECRET_HEADER = 'x-tyk-authorization';
