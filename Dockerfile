# The production image: one for web, worker and beat. Build the front end first, then keep only what runs.
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock ./
RUN python -m venv .venv && .venv/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY . .
ENV PATH=/app/.venv/bin:$PATH
RUN cd crm_platform/frontend && npm ci --no-audit --no-fund && node build.mjs && rm -rf node_modules
RUN SECRET_KEY=build DATABASE_URL=postgresql://build@localhost/build REDIS_URL=redis://localhost \
    DJANGO_SETTINGS_MODULE=crm_platform.config.settings.prod \
    sh -c "python manage.py compile_translations && python manage.py collectstatic --noinput --skip-checks"

FROM python:3.12-slim-bookworm
RUN useradd --system --create-home crm && install --directory --owner crm --mode 700 /data
WORKDIR /app
COPY --from=build --chown=root:root /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    DJANGO_SETTINGS_MODULE=crm_platform.config.settings.prod
USER crm
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "4", "--backpressure", "200", "--workers-kill-timeout", "30", \
     "crm_platform.config.wsgi:application"]
