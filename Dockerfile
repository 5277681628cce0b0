# The server, as an image that needs PostgreSQL and Redis beside it (docker-compose.yml), or runs on
# its embedded database in /data.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-update-notifier
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY schema schema
COPY examples examples
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
WORKDIR /app
# The container is the boundary: publish the port on the host's loopback, as docker-compose.yml does.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
COPY package.json LICENSE ./
COPY migrations migrations
COPY schema/schema.graphql schema/schema.graphql
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# SIGTERM drains. `docker run --init` (in docker-compose.yml: init) reaps what executors may spawn.
CMD ["node", "dist/src/main.js"]
