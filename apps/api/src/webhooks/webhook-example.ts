/** A web hook that a fresh installation takes as it is. */
export const hookExample = {
  name: 'Quota alarm',
  method: 'POST',
  target_path: 'https://alarms.acme.example/quota',
  header_map: { 'x-token': '123456' },
  event_timeout: 60,
};
