// A limit for a test that hangs, not an assertion about speed: see patience.json.
jest.setTimeout(require('../../libs/testing/src/patience.json').testMs);
