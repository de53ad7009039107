import { type Answer, xmlAnswer } from './answer.ts'
import { createBucket, deleteBucket, deleteObjects, listBuckets, listObjects } from './bucket-routes.ts'
import { abortUpload, completeUpload, createUpload, listParts, listUploads, uploadPart } from './multipart-routes.ts'
import {
  deleteObject,
  deleteTagging,
  getObject,
  getTagging,
  type ObjectCall,
  putObject,
  putTagging,
} from './object-routes.ts'
import type { S3Request } from './request.ts'
import { S3Error } from './s3-error.ts'
import type { SignedRequest } from './signature.ts'
import type { Store } from './store.ts'
import { element } from './xml.ts'

const objectRoutes: Readonly<Record<string, (call: ObjectCall) => Promise<Answer>>> = {
  GetObject: getObject,
  HeadObject: getObject,
  PutObject: putObject,
  DeleteObject: deleteObject,
  GetObjectTagging: getTagging,
  PutObjectTagging: putTagging,
  DeleteObjectTagging: deleteTagging,
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
  ListParts: listParts,
}

/** Carries out a request whose signature is checked. */
export const route = async (
  store: Store,
  request: S3Request,
  signed: SignedRequest,
  region: string,
): Promise<Answer> => {
  const { bucket, key, operation } = request
  if (operation === 'Unknown') throw new S3Error('NotImplemented')
  if (bucket === undefined) return listBuckets(store)
  if (key !== undefined) return objectRoutes[operation]!({ store, request, signed, bucket, key })
  switch (operation) {
    case 'CreateBucket':
      return createBucket(store, request, signed, bucket)
    case 'DeleteBucket':
      return deleteBucket(store, bucket)
    case 'HeadBucket':
      store.checkBucket(bucket)
      return { status: 200, headers: { 'x-amz-bucket-region': region } }
    case 'GetBucketLocation':
      store.checkBucket(bucket)
      return xmlAnswer(element('LocationConstraint', region === 'us-east-1' ? '' : region))
    case 'GetBucketVersioning':
      store.checkBucket(bucket)
      return xmlAnswer(element('VersioningConfiguration', {}))
    case 'ListMultipartUploads':
      return listUploads(store, request, signed, bucket)
    case 'DeleteObjects':
      return deleteObjects(store, request, signed, bucket)
    default:
      return listObjects(store, request, bucket)
  }
}
