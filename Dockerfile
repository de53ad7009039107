FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /opt/millrace
COPY --from=build /build/dist ./
# The S3 client is an optional peer of the package; the PostgreSQL connector brings its own.
RUN npm install --omit=dev --no-save "@aws-sdk/client-s3@$(node -p 'require("./package.json").peerDependencies["@aws-sdk/client-s3"]')" \
 && mkdir -p /var/lib/millrace /opt/plugins && chown node /var/lib/millrace
USER node
VOLUME /var/lib/millrace
EXPOSE 8083
# Every CONNECT_* variable is a worker property, as in Kafka Connect's images.
ENV CONNECT_LISTENERS=http://:8083 CONNECT_PLUGIN_PATH=/opt/plugins CONNECT_OFFSET_STORAGE_FILE_FILENAME=/var/lib/millrace/offsets
ENTRYPOINT ["node", "/opt/millrace/bin/millrace.js"]
CMD ["worker"]
