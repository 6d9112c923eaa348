# An agent of HCP Terraform or Terraform Enterprise that can carry out the stacks of pg-dist: its steps run by Node.js, and
# ssh:// connections by ssh. Build it with the version of the agent that you run:
#   docker build --build-arg AGENT=1.22.0 -f agent.Dockerfile -t tfc-agent-citus .
ARG AGENT=latest
FROM node:22-bookworm-slim AS node

FROM hashicorp/tfc-agent:${AGENT}
USER root
COPY --from=node /usr/local/bin/node /usr/local/bin/node
RUN apt-get update \
  && apt-get install --yes --no-install-recommends openssh-client \
  && rm -rf /var/lib/apt/lists/*
USER tfc-agent
# Of ssh:// hosts, mount a key and the servers' public keys:
#   docker run -v citus-ssh:/home/tfc-agent/.ssh:ro -e TFC_AGENT_TOKEN tfc-agent-citus
