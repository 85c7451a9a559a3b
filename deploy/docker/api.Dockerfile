# The API as a container. From the root of the repository:
#   docker build -f deploy/docker/api.Dockerfile -t castellan-api:0.1.0 .
ARG NODE_IMAGE=node:22.23-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY nest-cli.json tsconfig.json ./
COPY libs libs
COPY apps/api apps/api
RUN npx nest build api

# A stage of its own, so that a change of the sources does not install anything again.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM ${NODE_IMAGE} AS runtime
# A container is reached from outside itself, so the loopback default would be of no use.
ENV NODE_ENV=production \
    CASTELLAN_API_HOST=0.0.0.0 \
    CASTELLAN_API_PORT=3000
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/package.json package.json
COPY --from=build /app/dist/libs dist/libs
COPY --from=build /app/dist/apps/api dist/apps/api
# The user "node" of the image, as a number: Kubernetes cannot tell whether a name is root.
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.CASTELLAN_API_PORT + '/health/live').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-old-space-size=768", "--enable-source-maps", "dist/apps/api/src/main.js"]
