# One image for every role: `docker run smsgw run api`. Kafka, PostgreSQL and ClickHouse run elsewhere, so the packages
# that would start them here are left out, and no install script runs.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# `npm ci` installs exactly what the lock says. With chdb it refuses the lock, which names its library for one platform.
RUN npm pkg delete optionalDependencies && npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# The admin port stays within the container unless ADMIN_HOST and ADMIN_TOKEN are given.
ENV NODE_ENV=production HOST=0.0.0.0 AUDIT_FOLDER=/var/lib/smsgw/audit AUDIT_KEY_FILE=/var/lib/smsgw/audit/audit-key.pem
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY bin bin
COPY src src
COPY migrations migrations
COPY config config
RUN mkdir -p -m 0700 /var/lib/smsgw/audit && chown -R node:node /var/lib/smsgw
USER node
EXPOSE 8080
# Node itself, and not a script around it, is told to stop; it then drains what it has in hand.
ENTRYPOINT ["node", "src/main.ts"]
CMD ["run", "api"]
