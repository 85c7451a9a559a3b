// A deadline for a hung test, not an assertion about speed.
jest.setTimeout(120_000);
